/** `services.json` of a home on this machine (state-folder.ts): the ports that were given out, the processes that were started, and the addresses of the services. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { stateFolder, takeOver } from './state-folder.js'

export const processNames = ['temporal', 'mlflow', 'orchestrator', 'policy', 'policy-2'] as const
export type ProcessName = (typeof processNames)[number]

export interface ProcessRecord {
  pid: number
  /** From `processStart`: pid and start together name one process, also after the pid is used again. */
  started: string
  /** Path of the log file. */
  log: string
  /** Bytes that the log held before: the output of this process begins there. */
  logStart: number
  /** What this process was started for (addresses, build). If it differs, `up` replaces the process. */
  purpose?: string
}

/** Addresses and process ids of the services of a home. A service without a pid was not started by rlev. */
export interface Services {
  temporal: { address: string; namespace: string; uiUrl?: string; pid?: number; port?: number; uiPort?: number }
  mlflow: { url: string; pid?: number }
  workers: Partial<Record<Exclude<ProcessName, 'temporal' | 'mlflow'>, number>>
}

/** The page of a workflow in the Web UI; undefined if the address of the Web UI is not known. */
export function workflowPage(services: Pick<Services, 'temporal'> | undefined, workflowId: string): string | undefined {
  const temporal = services?.temporal
  if (temporal?.uiUrl === undefined) return undefined
  return `${temporal.uiUrl}/namespaces/${temporal.namespace}/workflows/${encodeURIComponent(workflowId)}`
}

/** The file's content. */
export interface ServicesRecord {
  ports: { temporal?: number; temporalUi?: number; mlflow?: number }
  processes: Partial<Record<ProcessName, ProcessRecord>>
  services?: Services
}

const name = 'services.json'

export const recordFile = (home: { path: string }): string => join(stateFolder(home), name)

/**
 * Empty if the file is missing. `home.path` is the folder of the home.
 * @throws RlevError ServiceUnavailable if the file is not JSON. It is written whole, so somebody edited it.
 */
export function readRecord(home: { path: string }): ServicesRecord {
  takeOver(home, name)
  const file = recordFile(home)
  if (!existsSync(file)) return { ports: {}, processes: {} }
  const text = readFileSync(file, 'utf8')
  try {
    const { ports, processes, services } = JSON.parse(text) as Partial<ServicesRecord>
    return { ports: ports ?? {}, processes: processes ?? {}, ...given({ services }) }
  } catch (cause) {
    throw new RlevError({
      kind: 'ServiceUnavailable',
      message: 'the record of the services of this home cannot be read',
      place: file,
      expected: 'the JSON that `bin/rlev up` wrote',
      found: text.slice(0, 60),
      remedy: 'end the services by hand (their logs are beside it), remove this file, and run `bin/rlev up`',
      cause,
    })
  }
}

/** Written whole by rename: a reader sees the record before or after, never half of it. */
export function writeRecord(home: { path: string }, record: ServicesRecord): void {
  const folder = stateFolder(home)
  mkdirSync(folder, { recursive: true })
  const temporary = join(folder, `.services.${process.pid}.json`)
  writeFileSync(temporary, `${JSON.stringify(record, null, 2)}\n`)
  renameSync(temporary, recordFile(home))
}
