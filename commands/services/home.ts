/**
 * A home: the folder with the services, runs and artifacts of one user of rlev (`--home`, `RLEV_HOME`, default `.rlev`).
 * Its services.json says which ports were given out and which processes were started; two homes share nothing.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import type { ProcessRecord } from './processes.js'

export const processNames = ['temporal', 'mlflow', 'orchestrator', 'policy', 'policy-2'] as const
export type ProcessName = (typeof processNames)[number]

/** Addresses and process ids of the services of a home. A service without a pid was not started by us. */
export interface Services {
  temporal: { address: string; namespace: string; uiUrl?: string; pid?: number; port?: number; uiPort?: number }
  mlflow: { url: string; pid?: number }
  workers: Partial<Record<Exclude<ProcessName, 'temporal' | 'mlflow'>, number>>
}

/** services.json, as written. */
export interface ServicesRecord {
  ports: { temporal?: number; temporalUi?: number; mlflow?: number }
  processes: Partial<Record<ProcessName, ProcessRecord>>
  services?: Services
}

export interface Home {
  /** Absolute path. The folder is made by the first `up`, not by opening it. */
  path: string
  /** As the last `up` left them; whether they still answer is for `serviceStates` to say. */
  services?: Services
}

/** Opens a home without making or starting anything. `path` goes before `RLEV_HOME`, that before `.rlev` here. */
export function openHome(path?: string): Home {
  const folder = resolve(path ?? (process.env['RLEV_HOME'] || '.rlev'))
  const { services } = readRecord({ path: folder })
  return services === undefined ? { path: folder } : { path: folder, services }
}

const recordFile = (home: Home): string => join(home.path, 'services.json')

export const logFile = (home: Home, name: ProcessName): string => join(home.path, 'logs', `${name}.log`)

/** @throws RlevError ServiceUnavailable when services.json is not JSON: it is written whole, so somebody edited it. */
export function readRecord(home: Home): ServicesRecord {
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
      remedy: 'end the services by hand (their logs are in the home), remove this file, and run `bin/rlev up`',
      cause,
    })
  }
}

/** Written whole by rename: a reader sees the record before or after, never half of it. */
export function writeRecord(home: Home, record: ServicesRecord): void {
  mkdirSync(home.path, { recursive: true })
  const temporary = join(home.path, `.services.${process.pid}.json`)
  writeFileSync(temporary, `${JSON.stringify(record, null, 2)}\n`)
  renameSync(temporary, recordFile(home))
}
