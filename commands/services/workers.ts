/**
 * The two worker processes of a home: the orchestrator (workflows and light activities, queues rlev and rlev-io) and the
 * policy worker (queue rlev-gpu, which has TensorFlow on its main thread and so must be a process of its own).
 */

import { delimiter, join } from 'node:path'
import type { Home, Services } from './home.js'
import { logFile } from './home.js'
import type { ProcessRecord } from './processes.js'
import { outputOf, startDetached } from './processes.js'
import { buildDigest, buildFolder, projectFolder, readParts } from './project.js'
import { waitUntilReady } from './ready.js'

export const workers = { orchestrator: 'rlev', policy: 'rlev-gpu' } as const
export type WorkerName = keyof typeof workers

export const workerNames: readonly WorkerName[] = ['orchestrator', 'policy']

/** A worker that serves other addresses or another build than these is replaced. */
export const workerPurpose = ({ temporal, mlflow }: Services): string =>
  [temporal.address, temporal.namespace, mlflow.url, buildDigest() ?? 'any build'].join(' ')

export function startWorker(home: Home, name: WorkerName, services: Services): Promise<ProcessRecord> {
  const { temporal, mlflow } = services
  // The server of a home is named to the worker as any other would be, by the SDK's and MLflow's own variables.
  const local = temporal.port !== undefined
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    RLEV_HOME: home.path,
    MLFLOW_TRACKING_URI: mlflow.url,
    ...(local ? { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace } : {}),
    ...(name === 'policy' ? libraryPath() : {}),
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

/** Ready is: it wrote that it polls its queue. */
export async function awaitWorker(record: ProcessRecord, name: WorkerName): Promise<void> {
  const line = new RegExp(`^rlev worker ready: ${workers[name]}\\b`, 'm')
  const isReady = async () => line.test(outputOf(record, 1_000_000))
  await waitUntilReady({ name: `the ${name} worker`, record, isReady, patience: 120_000 })
}

/** The loader reads this variable once, when a process starts: it cannot be set from within. */
export function libraryPath(): NodeJS.ProcessEnv {
  const folders = readParts().tensorflow?.libraryFolders ?? []
  if (folders.length === 0) return {}
  const before = process.env['LD_LIBRARY_PATH']
  return { LD_LIBRARY_PATH: [...folders, ...(before ? [before] : [])].join(delimiter) }
}
