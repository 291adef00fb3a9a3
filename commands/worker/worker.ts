/**
 * The worker processes. One runs workflows and light activities, the other everything that needs the policy, one at a time.
 * TensorFlow computes in a process below the latter (activities/engine-process), because a kernel blocks the event loop.
 */
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import {
  bundleWorkflowCode,
  DefaultLogger,
  type LogEntry,
  type LogLevel,
  NativeConnection,
  type NativeConnectionOptions,
  Runtime,
  Worker,
  type WorkflowBundleOption,
} from '@temporalio/worker'
import { saidAt } from '../../activities/engine-process/engine-host.js'
import { armFailPoints, failPointVariable } from '../../activities/fail-points/fail-point.js'
import { codeOfThisProcess } from '../../activities/machine/code.js'
import { masked } from '../../activities/machine/secrets.js'
import { stateFolder } from '../../activities/machine/state-folder.js'
import { mirrorOf } from '../../activities/store/mirror/mirror.js'
import { homeId, workplace } from '../../activities/workplace.js'
import { RlevError } from '../../pipelines/errors.js'
import { printable } from '../../pipelines/printable.js'
import { type Queues, queuesOf } from '../../workflows/queues.js'
import { openHome } from '../services/home.js'
import { buildFolder } from '../services/project.js'
import { bundleOf, isBundleFresh } from './bundle-age.mjs'
import { DeadWorkers } from './dead-workers.js'
import { HeldAttempts } from './held-attempts.js'
import { type PolicyWorker, policyWorker, type Shared } from './policy-worker.js'

export interface WorkerCall {
  queue: 'rlev' | 'rlev-gpu' | 'all'
  home?: string
}

/** Runs until SIGTERM or SIGINT; resolves after a clean end. */
export async function runWorker({ queue, home: path }: WorkerCall): Promise<void> {
  armFailPoints(process.env[failPointVariable])
  const home = resolve(openHome(path).path)
  await mirrorOf(home)?.join()
  refuseEmptyHome(home)
  Runtime.install({ logger: new DefaultLogger(logLevel(), logLine), shutdownSignals: ['SIGTERM', 'SIGINT'] })
  const { connectionOptions, namespace } = temporalAddress(home)
  const connection = await connect(connectionOptions)
  const state = stateFolder({ path: home })
  const held = await HeldAttempts.open(state, reason =>
    say('if this worker dies, only the heartbeat timeout tells', { reason }),
  )
  const dead = held && new DeadWorkers({ state, connection, namespace: namespace ?? 'default', say })
  let policy: PolicyWorker | undefined
  try {
    const shared: Shared = {
      connection,
      namespace: namespace ?? 'default',
      identity: identityOf(queue),
      interceptors: { activity: held?.interceptors ?? [] },
    }
    const queues = queuesOf({ home: homeId(home), code: codeOfThisProcess().digest })
    const workers: Worker[] = []
    if (queue !== 'rlev-gpu') workers.push(...(await lightWorkers(home, queues, shared)))
    if (queue !== 'rlev') policy = await policyWorker({ home, slot: slotOf(), queues, shared })
    const runs = [...workers, ...(policy === undefined ? [] : [policy])].map(worker => worker.run())
    process.stdout.write(`rlev worker ready: ${queue}\n`)
    await Promise.all(runs)
  } finally {
    policy?.end()
    await dead?.close()
    await held?.close()
    await connection.close()
  }
}

const roles = { rlev: 'rlev-orchestrator', 'rlev-gpu': 'rlev-policy', all: 'rlev-all' } as const

/** Of a worker on its machine: what `RLEV_SLOT` says (a pod, a card), else the process, whose number is 1 in every container. */
const slotOf = (): string => process.env['RLEV_SLOT']?.trim() || String(process.pid)

/** What Temporal's pages show of a worker: machine, slot and build. */
function identityOf(queue: WorkerCall['queue']): string {
  return printable(`${roles[queue]}@${hostname()}#${slotOf()} build ${codeOfThisProcess().digest.slice(0, 6)}`)
}

/** A folder in which nothing was ever mounted would make every run whose activity comes here fail. */
function refuseEmptyHome(home: string): void {
  if (existsSync(join(home, 'home-id'))) return
  throw new RlevError({
    kind: 'NotFound',
    message: 'the home of this worker is not there',
    place: home,
    expected: 'the folder with the runs that this worker is to compute, which has a file home-id',
    found: existsSync(home) ? 'a folder without home-id' : 'no such folder',
    remedy:
      'mount the shared home there, or name the folder by --home or RLEV_HOME; a new home is made by `rlev up --only servers` or the first `rlev run`',
  })
}

async function connect(options: NativeConnectionOptions): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(options)
  } catch (cause) {
    throw new RlevError({
      kind: 'ServiceUnavailable',
      message: 'the Temporal server does not answer',
      place: options.address ?? 'localhost:7233',
      expected: 'a Temporal server for the worker to poll',
      found: (cause as Error).message,
      remedy: 'start this home with `rlev up`, or name another server by TEMPORAL_ADDRESS',
      cause,
    })
  }
}

function say(message: string, facts: Record<string, unknown>): void {
  Runtime.instance().logger.warn(message, facts)
}

async function lightWorkers(home: string, queues: Queues, shared: Shared): Promise<Worker[]> {
  // A policy worker starts half a second sooner without them.
  const { ioActivities } = await import('../../activities/io-activities.js')
  return Promise.all([
    Worker.create({
      ...shared,
      taskQueue: queues.workflows,
      workflowBundle: await workflowBundle(),
      // How long the workflows of one that was killed wait for it before its successor gets them: by default 10 seconds.
      stickyQueueScheduleToStartTimeout: '2 seconds',
      shutdownGraceTime: '5 seconds',
    }),
    Worker.create({
      ...shared,
      taskQueue: queues.io,
      activities: ioActivities(workplace(home)),
      maxConcurrentActivityTaskExecutions: 8,
      maxHeartbeatThrottleInterval: '1 second',
      shutdownGraceTime: '5 seconds',
    }),
  ])
}

/** The bundle that the build made, unless the workflows were compiled since; else one made now, which takes seconds. */
async function workflowBundle(): Promise<WorkflowBundleOption> {
  if (isBundleFresh(buildFolder)) return { codePath: bundleOf(buildFolder) }
  return bundleWorkflowCode({ workflowsPath: join(buildFolder, 'workflows', 'index.js') })
}

/** TEMPORAL_* and Temporal's own profile first, then the server of this home. */
function temporalAddress(home: string): ReturnType<typeof loadClientConnectConfig> {
  const config = loadClientConnectConfig()
  const own = openHome(home).services?.temporal
  if (config.connectionOptions.address !== undefined || own === undefined) return config
  return {
    namespace: config.namespace ?? own.namespace,
    connectionOptions: { ...config.connectionOptions, address: own.address },
  }
}

const logLevels = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const satisfies readonly LogLevel[]

/** `RLEV_LOG_LEVEL`; DEBUG tells of every step. Throws CallInvalid for an unknown level. */
function logLevel(): LogLevel {
  const stated = process.env['RLEV_LOG_LEVEL']?.trim() || 'INFO'
  const level = logLevels.find(known => known === stated)
  if (level !== undefined) return level
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'unknown log level',
    place: 'RLEV_LOG_LEVEL',
    expected: logLevels.join(', '),
    found: JSON.stringify(stated),
    remedy: 'correct the environment variable, or leave it out for INFO',
  })
}

function logLine({ level, timestampNanos, message, meta }: LogEntry): void {
  // The token is of no use to a reader, and a third of the line.
  const { taskToken: _token, [saidAt]: said, ...facts } = meta ?? {}
  const time = new Date(typeof said === 'number' ? said : Number(timestampNanos / 1_000_000n)).toISOString()
  const error = facts['error']
  const details = error instanceof Error ? { ...facts, error: error.stack } : facts
  const line = JSON.stringify({ time, level, message, ...details }, (_, value: unknown) =>
    typeof value === 'string' ? masked(value) : value,
  )
  process.stderr.write(`${printable(line)}\n`)
}
