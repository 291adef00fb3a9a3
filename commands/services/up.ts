/**
 * Brings the services of a home up: what lives is kept, what is missing is started, all at once where it may be. Calling
 * it again, after a crash of anything or after a reboot, gives the same services.
 */

import { once } from 'node:events'
import { join } from 'node:path'
import {
  type ProcessName,
  type ProcessRecord,
  readRecord,
  type Services,
  type ServicesRecord,
  writeRecord,
} from '../../activities/machine/services-record.js'
import { stateFolder } from '../../activities/machine/state-folder.js'
import { insideHome } from '../../activities/store/inside-home.js'
import { mirrorOf } from '../../activities/store/mirror/mirror.js'
import { homeId } from '../../activities/workplace.js'
import { RlevError } from '../../pipelines/errors.js'
import type { Home } from './home.js'
import { withLock } from './lock.js'
import * as mlflow from './mlflow.js'
import { checkStore } from './object-store.js'
import { claimPort } from './ports.js'
import { endProcess, isAlive } from './processes.js'
import { EndedEarly } from './ready.js'
import * as temporal from './temporal.js'
import type { WorkerName } from './workers.js'
import { awaitWorker, startWorker, workerNames, workerPurpose, workers } from './workers.js'

/** What `up` may start by itself. */
export const parts = ['servers', 'orchestrator', 'policy'] as const
export type Part = (typeof parts)[number]

export interface UpOptions {
  /** Gets a line for each thing started. Default: standard error, for standard output is for results. */
  report?: (line: string) => void
  /** One part only. Without the servers, these are named by the environment or at work already. */
  only?: Part | undefined
  /** Environment variables of the workers that are started, beside those of this process. */
  variables?: Readonly<Record<string, string>>
  /** Called once runs can begin. An MLflow server of the home may still be starting then, which delays tracking only. */
  onReadyForRuns?: () => void
}

export const lockFile = (home: Home): string => join(stateFolder(home), 'up.lock')

/** How long an `up` or `down` waits for another one of the same home. */
export const lockTimeoutMs = 300_000

/**
 * Idempotent; the answer is ready for use. Sets `home.services`.
 * @throws RlevError PartMissing where set-up has not been run, ServiceUnavailable where a service does not come up (the
 * others stay up; `takeDown` ends them).
 */
export async function ensureUp(home: Home, options: UpOptions = {}): Promise<Services> {
  const { report = line => process.stderr.write(`${line}\n`), only, variables = {} } = options
  const { onReadyForRuns } = options
  const onWait = (pid: number) => report(`waiting for process ${pid}, which is starting or ending the same services`)
  return withLock({ file: lockFile(home), timeoutMs: lockTimeoutMs, onWait }, async () => {
    const store = await checkStore()
    if (store !== undefined) {
      await mirrorOf(home.path)?.join({ create: true })
      report(`the object store ${store} keeps its conditions`)
    }
    // A worker refuses to start for a home that was never made.
    homeId(home.path)
    const start = new Start({ home, report, variables, only })
    await start.choosePorts()
    // MLflow takes ten times as long as Temporal, and workers can do without it for a while.
    const tracking = start.mlflowServer()
    const servers = start
      .temporalServer()
      .then(() => start.allWorkers())
      .then(async () => {
        // One that the environment names has to answer: nobody here is starting it.
        if (mlflow.externalMlflow() !== undefined) await tracking
        home.services = start.publish()
        onReadyForRuns?.()
      })
    const outcomes = await Promise.allSettled([servers, tracking])
    // Thrown only now: nobody else may begin while one of the two is still at work.
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    home.services = start.publish()
    return home.services
  })
}

/**
 * As soon as runs can begin, with a promise of the rest. The caller handles its rejection.
 * @throws RlevError as `ensureUp`, if a run could not begin without the service.
 */
export async function upForRuns(home: Home, options: UpOptions = {}): Promise<{ whole: Promise<unknown> }> {
  const ready = new AbortController()
  const isReady = once(ready.signal, 'abort')
  const whole = ensureUp(home, { ...options, onReadyForRuns: () => ready.abort() })
  await Promise.race([isReady, whole])
  return { whole }
}

/** The MLflow server of a machine that has none and knows of none. */
const none = { url: '' }

/** What services write into their home. */
const written = ['logs', 'workers', 'mlflow', 'mlflow/artifacts', 'temporal.db', 'runs', 'store'] as const

class Start {
  readonly #home: Home
  readonly #report: (line: string) => void
  readonly #variables: Readonly<Record<string, string>>
  readonly #record: ServicesRecord
  readonly #externalTemporal = temporal.externalTemporal()
  readonly #externalMlflow = mlflow.externalMlflow()
  readonly #workers: readonly WorkerName[]
  /** The servers that are of this home, and that this call may start. */
  readonly #mayStart: { temporal: boolean; mlflow: boolean }

  constructor({
    home,
    report,
    variables,
    only,
  }: Pick<Required<UpOptions>, 'report' | 'variables' | 'only'> & { home: Home }) {
    for (const name of written) insideHome(home.path, join(home.path, name))
    const servers = only === undefined || only === 'servers'
    this.#workers = only === 'servers' ? [] : workerNames(only)
    const temporalHere = servers && this.#externalTemporal === undefined
    // Nobody on a machine that only launches would use an MLflow server there.
    const launchesOnly = only === undefined && !temporalHere && this.#workers.length === 0
    this.#mayStart = { temporal: temporalHere, mlflow: servers && this.#externalMlflow === undefined && !launchesOnly }
    this.#home = home
    this.#report = report
    this.#variables = variables
    this.#record = readRecord(home)
  }

  /** Keeps the port of a living server, also of one that was started a moment ago and does not listen yet. */
  async choosePorts(): Promise<void> {
    const { ports, processes } = this.#record
    for (const name of ['temporal', 'temporalUi', 'mlflow'] as const) {
      const server = name === 'mlflow' ? 'mlflow' : 'temporal'
      const owner = processes[server]
      if (!this.#mayStart[server]) continue
      if (ports[name] !== undefined && isAlive(owner)) continue
      // What a crashed one left of its group would hold its files and ports.
      if (owner !== undefined) await endProcess(owner, { timeoutMs: 5_000 })
      await this.#claim([name])
    }
    this.publish()
  }

  /** Writes the record; readers of the home see addresses before the processes that have them. */
  publish(): Services {
    const { ports, processes } = this.#record
    const pid = (name: ProcessName) => (isAlive(processes[name]) ? processes[name].pid : undefined)
    const living = Object.keys(workers).flatMap(name => {
      const found = pid(name as WorkerName)
      return found === undefined ? [] : [[name, found]]
    })
    const services: Services = {
      temporal: this.#externalTemporal ?? temporal.localTemporal(ports, pid('temporal')),
      mlflow:
        this.#externalMlflow ?? (ports.mlflow === undefined ? none : mlflow.localMlflow(ports.mlflow, pid('mlflow'))),
      workers: Object.fromEntries(living),
    }
    this.#record.services = services
    writeRecord(this.#home, this.#record)
    return services
  }

  async temporalServer(): Promise<void> {
    if (this.#externalTemporal !== undefined) return temporal.checkExternalTemporal(this.#externalTemporal)
    const { ports, processes } = this.#record
    if (!this.#mayStart.temporal && !isAlive(processes.temporal)) throw noTemporal(this.#home)
    await this.#server({
      name: 'temporal',
      title: 'the Temporal server',
      start: () => temporal.startTemporal(this.#home, temporal.localTemporal(ports)),
      ready: record => temporal.awaitTemporal(record, temporal.localTemporal(ports)),
      ports: ['temporal', 'temporalUi'],
      place: () => `${temporal.localTemporal(ports).address}, pages on ${temporal.localTemporal(ports).uiUrl}`,
    })
  }

  async mlflowServer(): Promise<void> {
    if (this.#externalMlflow !== undefined) return mlflow.checkExternalMlflow(this.#externalMlflow)
    const { ports, processes } = this.#record
    // Training does not wait for MLflow, so a worker may be started before it.
    if (!this.#mayStart.mlflow && !isAlive(processes.mlflow)) return
    await this.#server({
      name: 'mlflow',
      title: 'the MLflow server',
      start: () => mlflow.startMlflow(this.#home, ports.mlflow ?? 0),
      ready: record => mlflow.awaitMlflow(record, mlflow.localMlflow(ports.mlflow)),
      ports: ['mlflow'],
      place: () => mlflow.localMlflow(ports.mlflow).url,
    })
  }

  async allWorkers(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#workers.map(name => this.#worker(name)))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  /** The recorded ports if they are free, or become free within 3 s; else others. */
  async #claim(names: readonly (keyof ServicesRecord['ports'])[]): Promise<void> {
    const { ports } = this.#record
    for (const name of names) {
      const { [name]: remembered, ...others } = ports
      ports[name] = await claimPort(remembered, Object.values(others), { timeoutMs: 3_000 })
    }
  }

  async #server(server: {
    name: ProcessName
    title: string
    start: () => Promise<ProcessRecord>
    ready: (record: ProcessRecord) => Promise<void>
    ports: readonly (keyof ServicesRecord['ports'])[]
    place: () => string
  }): Promise<void> {
    const { name, title, start, ready, ports, place } = server
    const before = this.#record.processes[name]
    if (isAlive(before)) {
      if (!(await endedEarly(ready(before)))) return
      await endProcess(before, { timeoutMs: 0 })
      await this.#claim(ports)
    }
    const began = performance.now()
    if (await endedEarly(this.#note(name, title, start).then(ready))) {
      // Between the choice of a port and its use another process may have taken it: once more, on other ports.
      for (const port of ports) delete this.#record.ports[port]
      await this.#claim(ports)
      await ready(await this.#note(name, title, start))
    }
    this.#report(`${title} answers on ${place()} (${seconds(began)})`)
  }

  async #worker(name: WorkerName): Promise<void> {
    const services = this.publish()
    const purpose = workerPurpose(services)
    const before = this.#record.processes[name]
    if (isAlive(before) && before.purpose === purpose && !(await endedEarly(awaitWorker(before, name)))) return
    if (isAlive(before)) this.#report(`the ${name} worker serves other addresses or an older build: restarting it`)
    if (before !== undefined) await endProcess(before, { timeoutMs: 30_000 })
    const began = performance.now()
    const record = await this.#note(name, `the ${name} worker`, () =>
      startWorker(this.#home, name, { services, variables: this.#variables }),
    )
    await awaitWorker(record, name)
    this.#report(`the ${name} worker is ready (${seconds(began)})`)
  }

  /** Recorded before anything else is waited for: `down` must find also what is half started. */
  async #note(name: ProcessName, title: string, start: () => Promise<ProcessRecord>): Promise<ProcessRecord> {
    this.#report(`starting ${title}`)
    const record = await start()
    this.#record.processes[name] = record
    this.publish()
    return record
  }
}

function noTemporal({ path }: Home): RlevError {
  return new RlevError({
    kind: 'ServiceUnavailable',
    message: 'a worker alone was asked for, and there is no Temporal server for it',
    place: path,
    expected: 'a server that TEMPORAL_ADDRESS names, or one of this home that is at work',
    remedy: 'name one by TEMPORAL_ADDRESS, or start one by `rlev up --only servers`',
  })
}

/** Whether the process ended while it was waited for, as one does that was killed a moment ago. */
async function endedEarly(ready: Promise<void>): Promise<boolean> {
  try {
    await ready
    return false
  } catch (error) {
    if (error instanceof EndedEarly) return true
    throw error
  }
}

const seconds = (began: number): string => `${((performance.now() - began) / 1000).toFixed(1)} s`
