/**
 * The engine process of a policy worker. The worker heartbeats every second as long as the process speaks or computes, whatever a call
 * into TensorFlow takes, and acts at once on what the process cannot hear while it computes: it ends it if a cancellation, a pause or
 * a shutdown has no effect within `cancelLimitMs`, or if it hangs. The next activity gets a new process, which goes on from the journal.
 */
import { Context } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { RlevError } from '../../pipelines/errors.js'
import { failPointVariable } from '../fail-points/fail-point.js'
import { toFailure } from '../failures.js'
import type { GpuActivities } from '../gpu-activities.js'
import { threadsIn, threadsVariable } from '../machine/engine-threads.js'
import { oomKills, RecentOomKills } from '../machine/oom-kills.js'
import { readProvenance } from '../store/runs/provenance.js'
import { readConfig } from '../store/runs/runs.js'
import { EngineChild, type Notice, type Outcome } from './engine-child.js'
import { type GpuActivityName, gpuActivityNames } from './messages.js'
import { SignsOfLife } from './signs-of-life.js'
import { givenBack, type Keep, type Placed, type Stay } from './stay.js'

/** How long a cancelled activity may take to finish its call into TensorFlow. (ms) */
const cancelLimitMs = 3_000

/** Between two heartbeats. (ms) */
const heartbeatIntervalMs = 1_000

/** Among the facts of a log line: when the process said it, which may be before it arrives. (ms since 1970) */
export const saidAt = 'saidAt'

interface EngineHostOptions {
  home: string
  /** Of the engine process, beside that of this one. */
  env?: NodeJS.ProcessEnv
  /** How experiments keep to the worker; without it none does. */
  stay?: Stay
  /** An engine process without a sign of life for so long hangs. (ms) Default: a minute. */
  silenceLimitMs?: number
  /** How often the machine has run out of memory. Default: what the kernel says. */
  countOomKills?: () => number
}

export class EngineHost {
  readonly #home: string
  readonly #silenceLimitMs: number
  readonly #stay: Stay | undefined
  readonly #countOomKills: () => number
  #env: NodeJS.ProcessEnv
  #isComputing = false
  #child: EngineChild | null = null
  /** Of a matrix product, in the process. */
  #threads: number | undefined

  constructor({ home, env, stay, silenceLimitMs = 60_000, countOomKills = oomKills }: EngineHostOptions) {
    this.#home = home
    this.#env = { ...process.env, ...env }
    this.#stay = stay
    this.#silenceLimitMs = silenceLimitMs
    this.#countOomKills = countOomKills
  }

  /** Of the process that runs, if one does. */
  get pid(): number | undefined {
    return this.#child?.isAlive ? this.#child.pid : undefined
  }

  /** The activities, each of which runs in the engine process. */
  activities(): GpuActivities {
    const names = Object.keys(gpuActivityNames) as GpuActivityName[]
    const entries = names.map(name => [name, (input: unknown) => this.#run(name, input)] as const)
    return Object.fromEntries(entries) as unknown as GpuActivities
  }

  /**
   * Starts the process unless it runs, so that it is ready when the first activity comes. `threads`: of a matrix product; by
   * default those of the environment.
   */
  start(threads?: number): EngineChild {
    const counted = threads === undefined ? {} : { [threadsVariable]: String(threads) }
    const env: NodeJS.ProcessEnv = { ...this.#env, ...counted }
    const wanted = Number(env[threadsVariable] ?? 1)
    if (this.#child?.isAlive && wanted === this.#threads) return this.#child
    // TensorFlow reads the number of its threads once, so another number needs another process.
    this.end()
    this.#threads = wanted
    this.#child = new EngineChild({ home: this.#home, env })
    // A fail point acts once in a worker: the next process would meet it again.
    const { [failPointVariable]: _, ...rest } = this.#env
    this.#env = rest
    return this.#child
  }

  end(): void {
    this.#child?.kill()
    this.#child = null
  }

  /** Of the run's config, else those that it began with; undefined if neither is there or can be read, as the activity will say. */
  #threadsOf(input: unknown): number | undefined {
    try {
      const { run } = input as { run: string }
      const { engine } = readConfig(this.#home, run)
      if (engine.kind !== undefined) return undefined
      return engine.threads ?? threadsIn(readProvenance(this.#home, run)?.engine ?? null)
    } catch {
      return undefined
    }
  }

  /** What the process computes on. Rejects with EngineEnded if it ends before it can say. */
  engine(): Promise<string> {
    return (this.#child?.isAlive ? this.#child : this.start()).engine
  }

  async #run(name: GpuActivityName, asked: unknown): Promise<unknown> {
    const stay = this.#stay
    if (stay !== undefined && (this.#isComputing || !stay.mayTake(Context.current().info.taskQueue))) throw givenBack()
    this.#isComputing = true
    try {
      const { keep, ...input } = asked as { keep?: Keep }
      const output = await this.#compute(name, input)
      if (keep === undefined || stay === undefined) return output
      if (keep.more) stay.hold()
      else stay.release()
      const { queue, worker } = stay
      return { output, place: { queue, worker, engine: await this.engine() } } satisfies Placed<unknown>
    } finally {
      this.#isComputing = false
    }
  }

  async #compute(name: GpuActivityName, input: unknown): Promise<unknown> {
    const context = Context.current()
    const { cancellationSignal: signal, info } = context
    const child = this.start(this.#threadsOf(input))
    const life = new SignsOfLife({ pid: child.pid })
    const kills = new RecentOomKills(this.#countOomKills)
    let details: unknown
    let hangs = false
    const onNotice = (notice: Notice) => {
      life.heard()
      if (notice.kind === 'heartbeat') details = notice.details
      else context.log.log(notice.level, notice.message, { ...notice.facts, [saidAt]: notice.at })
    }
    const timer = setInterval(() => {
      kills.look()
      hangs = life.silentMs() > this.#silenceLimitMs
      if (hangs) child.kill()
      else context.heartbeat(details)
    }, heartbeatIntervalMs)
    let deadline: NodeJS.Timeout | undefined
    const onCancel = () => {
      child.cancel(String(signal.reason))
      deadline = setTimeout(() => child.kill(), cancelLimitMs)
    }
    signal.addEventListener('abort', onCancel, { once: true })
    if (signal.aborted) onCancel()
    try {
      return outputOf(await child.run({ name, input, info, onNotice }))
    } catch (error) {
      // Whatever the process made of it, or did not get to make of it.
      if (signal.aborted) await context.cancelled
      if (hangs) throw toFailure(standsStill(child.pid, this.#silenceLimitMs), info.attempt)
      throw toFailure(wasKilled(error) && kills.any ? ranOutOfMemory(child.pid) : error, info.attempt)
    } finally {
      clearInterval(timer)
      clearTimeout(deadline)
      signal.removeEventListener('abort', onCancel)
    }
  }
}

function outputOf(outcome: Outcome): unknown {
  switch (outcome.kind) {
    case 'done':
      return outcome.output
    case 'cancelled':
      throw new CancelledFailure('cancelled in the engine process')
    case 'failed': {
      const failure = ApplicationFailure.create(outcome.failure)
      if (outcome.stack !== undefined) failure.stack = outcome.stack
      throw failure
    }
    default:
      return outcome satisfies never
  }
}

const wasKilled = (error: unknown): boolean =>
  error instanceof RlevError && error.kind === 'EngineEnded' && error.parts.found === 'signal SIGKILL'

/** Tried again a few times only, unlike after another end of the process: with the same memory it would be killed again. */
function ranOutOfMemory(pid: number): RlevError {
  return new RlevError({
    kind: 'OutOfMemory',
    message: 'memory ran out, and the system killed the engine process',
    place: `process ${pid} of a policy worker`,
    expected: 'memory for the policy, its rollout and its update',
    found: 'signal SIGKILL while the count of such kills rose (oom_kill in /proc/vmstat)',
    remedy:
      'see the memory that `rlev plan` prints; lower update.microBatch or rollout.chunk, or run fewer policy workers',
  })
}

function standsStill(pid: number, silenceLimitMs: number): RlevError {
  return new RlevError({
    kind: 'EngineEnded',
    message: 'the engine process hung and was ended',
    place: `process ${pid} of a policy worker`,
    expected: `a heartbeat or half a second of processor time within ${silenceLimitMs / 1000} s`,
    found: 'neither',
    remedy:
      'nothing at first: another one goes on from the journal; if it happens again, look at the card, its driver and the disk',
  })
}
