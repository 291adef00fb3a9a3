/**
 * A home of a drill's own, in a temporary folder: real servers and workers, started and started again by the same call that
 * `rlev up` makes, and ended one by one by the process that was recorded for each.
 */
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { temporal } from '@temporalio/proto'
import { failPointVariable } from '../../activities/fail-points/fail-point.js'
import { type ProcessName, type ProcessRecord, readRecord } from '../../activities/machine/services-record.js'
import { MlflowClient } from '../../activities/mlflow/client.js'
import { readIfThere } from '../../activities/store/files.js'
import { homeId } from '../../activities/workplace.js'
import { freezePlan } from '../../commands/runs/frozen-plan.js'
import { startWorkflow } from '../../commands/runs/start-workflow.js'
import type { Ending, TemporalRuns } from '../../commands/runs/temporal-runs.js'
import { withTemporal } from '../../commands/runs/with-run.js'
import type { WorkflowFacts } from '../../commands/runs/workflow-facts.js'
import { takeDown } from '../../commands/services/down.js'
import type { Home } from '../../commands/services/home.js'
import { membersOf } from '../../commands/services/identity.mjs'
import { endProcess, isAlive, outputOf } from '../../commands/services/processes.js'
import { projectFolder } from '../../commands/services/project.js'
import { ensureUp } from '../../commands/services/up.js'
import type { Plan } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { begin, type Calling } from '../../test/commands/call.js'

/** A process that was found dead: which, when it was noticed, and what it had written. */
export interface Death {
  name: ProcessName
  output: string
}

interface HomeOptions {
  policyWorkers: 1 | 2
  say?: (line: string) => void
}

const open = new Set<DrillHome>()

/** For an early end, as by Ctrl-C. */
export async function closeAll(): Promise<void> {
  for (const home of [...open]) await home.close()
}

export class DrillHome {
  readonly home: Home
  readonly #say: (line: string) => void
  readonly #children = new Set<ChildProcess>()

  private constructor(home: Home, say: (line: string) => void) {
    this.home = home
    this.#say = say
  }

  /** Nothing is up yet. `close` ends whatever is by then, and removes the folder. */
  static make({ policyWorkers, say = () => {} }: HomeOptions): DrillHome {
    // A drill starts its own services, even if the shell names others.
    for (const name of ['TEMPORAL_ADDRESS', 'MLFLOW_TRACKING_URI', failPointVariable]) delete process.env[name]
    process.env['RLEV_POLICY_WORKERS'] = String(policyWorkers)
    process.env['RLEV_LOG_LEVEL'] = 'DEBUG'
    const drill = new DrillHome({ path: mkdtempSync(join(tmpdir(), 'rlev-drill-')) }, say)
    open.add(drill)
    return drill
  }

  /** Everything up. */
  static async open(options: HomeOptions): Promise<DrillHome> {
    const drill = DrillHome.make(options)
    try {
      await drill.up()
    } catch (error) {
      await drill.close()
      throw error
    }
    return drill
  }

  get path(): string {
    return this.home.path
  }

  /** What lives is kept, what is dead is started again, with these fail points armed in what is started. */
  async up(failPoints = ''): Promise<void> {
    const variables = failPoints === '' ? {} : { [failPointVariable]: failPoints }
    await ensureUp(this.home, { report: this.#say, variables })
  }

  /** Ends the workers and starts them again with these fail points. */
  async arm(failPoints: string): Promise<void> {
    await Promise.all(this.names().map(name => (isServer(name) ? undefined : this.kill(name))))
    await this.up(failPoints)
  }

  names(): ProcessName[] {
    return Object.keys(readRecord(this.home).processes) as ProcessName[]
  }

  record(name: ProcessName): ProcessRecord | undefined {
    return readRecord(this.home).processes[name]
  }

  /** SIGKILL to the process and its group. False where nothing of it lived. */
  async kill(name: ProcessName): Promise<boolean> {
    const record = this.record(name)
    return record !== undefined && (await endProcess(record, { timeoutMs: 0 }))
  }

  /** SIGKILL to the engine processes of a policy worker, which itself lives on. */
  killEngine(name: ProcessName): void {
    for (const pid of this.engines(name)) process.kill(pid, 'SIGKILL')
  }

  /** Engine processes of a policy worker. */
  engines(name: ProcessName): number[] {
    const record = this.record(name)
    if (!isAlive(record)) return []
    return membersOf(record.pid).filter(pid => /engine-process\.js/.test(commandLine(pid)))
  }

  /** The command as a person calls it, about this home, in a separate process. */
  command(...words: string[]): Calling {
    const calling = begin([...words, '--home', this.path], { program: join(projectFolder, 'bin', 'rlev') })
    this.#children.add(calling.child)
    calling.child.once('close', () => this.#children.delete(calling.child))
    return calling
  }

  deaths(): Death[] {
    const { processes } = readRecord(this.home)
    return Object.entries(processes).flatMap(([name, record]) =>
      isAlive(record) ? [] : [{ name: name as ProcessName, output: outputOf(record, 1_000_000) }],
    )
  }

  mlflow(): MlflowClient {
    return new MlflowClient({ address: readRecord(this.home).services?.mlflow.url ?? '' })
  }

  /** A sweep reads its plan from the home, as after `rlev sweep`; a single experiment brings its own, which a worker stores. */
  async start(plan: Plan): Promise<void> {
    if (plan.kind === 'sweep') freezePlan(this.path, plan, plan.name)
    await this.#withTemporal(temporal => startWorkflow({ temporal, plan, home: homeId(this.path) }))
  }

  /** Null where the server does not answer at the moment, or does not know the run. */
  async facts(name: string): Promise<WorkflowFacts | null> {
    try {
      return await this.#withTemporal(temporal => temporal.facts(name))
    } catch (error) {
      if (error instanceof RlevError && error.kind === 'ServiceUnavailable') return null
      throw error
    }
  }

  ending(name: string): Promise<Ending | null> {
    return this.#withTemporal(temporal => temporal.ending(name))
  }

  history(name: string): Promise<temporal.api.history.v1.IHistory> {
    return this.#withTemporal(runs => runs.client.workflow.getHandle(runs.workflowId(name)).fetchHistory())
  }

  /** Process id of the policy worker that Temporal believes at work for a run; null where none is. */
  policyWorkerOf(name: string): Promise<number | null> {
    return this.#withTemporal(async temporal => {
      const { raw } = await temporal.client.workflow.getHandle(temporal.workflowId(name)).describe()
      const started = raw.pendingActivities?.filter(({ state }) => state === startedState) ?? []
      const names = started.map(
        ({ lastWorkerIdentity }) => /^rlev-policy@.*#(\S+) /.exec(lastWorkerIdentity ?? '')?.[1],
      )
      const worker = names.find(found => found !== undefined)
      return this.record(worker as ProcessName)?.pid ?? null
    })
  }

  /** Where the shared outputs lie; without them a run makes its items, values and warm start again. */
  removeStore(): void {
    rmSync(join(this.path, 'store'), { recursive: true, force: true })
  }

  /** The services ended; what was made stays. */
  async down(): Promise<void> {
    await takeDown(this.home)
  }

  async close(): Promise<void> {
    open.delete(this)
    for (const child of this.#children) child.kill('SIGKILL')
    await this.down()
    if (process.env['RLEV_TEST_KEEP'] === undefined) rmSync(this.path, { recursive: true, force: true })
  }

  #withTemporal<Result>(work: (temporal: TemporalRuns) => Promise<Result>): Promise<Result> {
    return withTemporal(this.home, temporal => {
      if (temporal === undefined) throw new Error('the home of the drill has no Temporal server')
      return work(temporal)
    })
  }
}

/** Empty if the process has ended. */
function commandLine(pid: number): string {
  return readIfThere(`/proc/${pid}/cmdline`)?.toString('utf8') ?? ''
}

/** PENDING_ACTIVITY_STATE_STARTED of Temporal's API. */
const startedState = 2

export const isServer = (name: ProcessName): boolean => name === 'temporal' || name === 'mlflow'

/**
 * Starts a run and waits for its end, with a turn of the drill ten times a second, which may kill and must start again.
 * Gives why it did not end well, or null.
 */
export async function runToEnd(options: {
  home: DrillHome
  plan: Plan
  /** Seconds. */
  limit: number
  turn: () => Promise<void>
  /** Where false, Temporal is asked every ten seconds only: each time costs a connection. */
  mayHaveEnded?: () => boolean
}): Promise<string | null> {
  const { home, plan, limit, turn, mayHaveEnded = () => true } = options
  const end = performance.now() + limit * 1000
  await home.start(plan)
  for (let count = 0; performance.now() < end; count++) {
    await turn()
    if (count % 3 === 0 && (count % 99 === 0 || mayHaveEnded())) {
      const facts = await home.facts(plan.name)
      if (facts !== null && facts.status !== 'running') return whyNot(home, plan.name)
    }
    await sleep(100)
  }
  return `${plan.name} did not end within ${limit} s`
}

async function whyNot(home: DrillHome, name: string): Promise<string | null> {
  const ending = await home.ending(name)
  return ending === null ? `${name} has no ending` : wrongIn(ending, name)
}

/** Why it did not end well, or null. */
export function wrongIn(ending: Ending, name: string): string | null {
  if (ending.state !== 'completed') return `${name} ${ending.state}: ${ending.failure}`
  const { trackingFailure } = ending.result
  return trackingFailure === undefined ? null : `${name} is not tracked: ${trackingFailure}`
}
