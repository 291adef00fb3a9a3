/**
 * The worker processes of a home: the orchestrator (workflows and light activities, queues rlev and rlev-io) and the
 * policy workers (queue rlev-gpu, each with an engine process in which TensorFlow computes). On a GPU there is
 * one. Without a GPU there are two with one thread each: a small policy gains nothing from a second thread, and with one thread the
 * results do not depend on the number of cores.
 */

import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import { codeOfThisProcess } from '../../activities/machine/code.js'
import type { ProcessRecord, Services } from '../../activities/machine/services-record.js'
import { namedServer } from '../../activities/mlflow/address.js'
import { addressText, storeAddress } from '../../activities/store/objects/address.js'
import { homeId } from '../../activities/workplace.js'
import { RlevError } from '../../pipelines/errors.js'
import type { Home } from './home.js'
import { logFile } from './home.js'
import { openingOf, startDetached } from './processes.js'
import { buildDigest, buildFolder, projectFolder, readParts } from './project.js'
import { waitUntilReady } from './ready.js'

export const workers = { orchestrator: 'rlev', policy: 'rlev-gpu', 'policy-2': 'rlev-gpu' } as const
export type WorkerName = keyof typeof workers

export const onCard = (): boolean => readParts().tensorflow?.kind === 'gpu'

/** Kinds of workers that `RLEV_WORKERS` may name. */
const kinds = ['all', 'orchestrator', 'policy', 'none'] as const
type Kind = (typeof kinds)[number]

/**
 * Those that `up` starts: all, unless `RLEV_WORKERS` says which kind, or a call does (`only`), which goes before it.
 * `RLEV_POLICY_WORKERS` (0, 1 or 2) overrides how many compute policies.
 * @throws RlevError CallInvalid for another value of one of the two.
 */
export function workerNames(only: Exclude<Kind, 'all' | 'none'> | undefined = undefined): WorkerName[] {
  const kind = only ?? kindFromEnvironment()
  const wanted =
    countFrom('RLEV_POLICY_WORKERS', { min: 0, max: 2 }) ?? (onCard() || availableParallelism() < 2 ? 1 : 2)
  const policies = (['policy', 'policy-2'] as const).slice(0, wanted)
  switch (kind) {
    case 'all':
      return ['orchestrator', ...policies]
    case 'orchestrator':
      return ['orchestrator']
    case 'policy':
      return policies
    case 'none':
      return []
    default:
      return kind satisfies never
  }
}

function kindFromEnvironment(): Kind {
  const stated = process.env['RLEV_WORKERS']?.trim() ?? ''
  if (stated === '') return 'all'
  const named = stated === '0' ? 'none' : kinds.find(kind => kind === stated)
  return named ?? refuseVariable('RLEV_WORKERS', stated, `${kinds.join(', ')}, or 0 for none`)
}

/**
 * What the process in which TensorFlow computes gets beside the environment of its worker, also of one that was started by hand: the
 * threads of a matrix product without a card, if the config of a run does not name them, and the folders of the libraries of a card.
 */
export function engineEnvironment(): NodeJS.ProcessEnv {
  return { ...libraryPath(), ...(onCard() ? {} : { TF_NUM_INTRAOP_THREADS: String(statedThreads() ?? 1) }) }
}

/** `RLEV_POLICY_THREADS`: of new runs, and of those whose config names no count. Throws CallInvalid. */
export const statedThreads = (): number | undefined => countFrom('RLEV_POLICY_THREADS', { min: 1, max: 1024 })

/** A whole number that the environment states; undefined where it states none. */
function countFrom(variable: string, { min, max }: { min: number; max: number }): number | undefined {
  const stated = process.env[variable]?.trim() ?? ''
  if (stated === '') return undefined
  const count = Number(stated)
  if (/^\d+$/.test(stated) && count >= min && count <= max) return count
  return refuseVariable(variable, stated, `a whole number from ${min} to ${max}`)
}

function refuseVariable(variable: string, stated: string, expected: string): never {
  throw new RlevError({
    kind: 'CallInvalid',
    message: `invalid value of the environment variable ${variable}`,
    place: variable,
    expected,
    found: JSON.stringify(stated),
    remedy: `correct ${variable}, or leave it out`,
  })
}

/** A worker that serves other addresses or another build than these is replaced. */
export function workerPurpose({ temporal, mlflow }: Services): string {
  const store = storeAddress()
  return [
    temporal.address,
    temporal.namespace,
    mlflow.url,
    buildDigest() ?? codeOfThisProcess().digest,
    ...(store === undefined ? [] : [addressText(store)]),
  ].join(' ')
}

/** What a Temporal server elsewhere asks for; with it the SDK would not speak to one of a home, which has no TLS. */
const forRemote = /^TEMPORAL_(?:API_KEY|TLS|GRPC_META)/

export function startWorker(
  home: Home,
  name: WorkerName,
  { services, variables = {} }: { services: Services; variables?: Readonly<Record<string, string>> },
): Promise<ProcessRecord> {
  const { temporal, mlflow } = services
  // A worker is not started for a home that is not there, and the first one of a home is started here.
  homeId(home.path)
  // The server of a home is named to the worker as any other would be, by the SDK's and MLflow's own variables.
  const local = temporal.port !== undefined
  const tracked = namedServer()
  const env: NodeJS.ProcessEnv = {
    ...Object.fromEntries(Object.entries(process.env).filter(([variable]) => !(local && forRemote.test(variable)))),
    ...variables,
    RLEV_HOME: home.path,
    RLEV_SLOT: [process.env['RLEV_SLOT']?.trim(), name].filter(Boolean).join('-'),
    // One that the environment names may have a login in its address, which nothing but the environment holds.
    ...(tracked?.address === mlflow.url || mlflow.url === '' ? {} : { MLFLOW_TRACKING_URI: mlflow.url }),
    ...(local ? { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace } : {}),
  }
  return startDetached({
    command: process.execPath,
    args: [join(buildFolder, 'commands', 'main.js'), 'worker', '--queue', workers[name], '--home', home.path],
    log: logFile(home, name),
    cwd: projectFolder,
    env,
    purpose: workerPurpose(services),
  })
}

/** Ready is: it wrote that it polls its queue, which is among the first things that it writes. */
export async function awaitWorker(record: ProcessRecord, name: WorkerName): Promise<void> {
  const line = new RegExp(`^rlev worker ready: ${workers[name]}\\b`, 'm')
  const isReady = async () => line.test(openingOf(record, 1_000_000))
  await waitUntilReady({ name: `the ${name} worker`, record, isReady, timeoutMs: 120_000 })
}

/** The loader reads this variable once, when a process starts: it cannot be set from within. */
export function libraryPath(): NodeJS.ProcessEnv {
  const folders = readParts().tensorflow?.libraryFolders ?? []
  if (folders.length === 0) return {}
  const before = process.env['LD_LIBRARY_PATH']
  return { LD_LIBRARY_PATH: [...folders, ...(before ? [before] : [])].join(delimiter) }
}
