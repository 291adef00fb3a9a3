/**
 * Drill 6: a policy worker stops for more than its heartbeat timeout, another one takes its task over, and the first one wakes
 * and still believes that the task is its own. It must commit nothing: from the moment that it wakes, no file of the run may
 * come, go or change (by name, inode, length and time of writing) but by the worker that took over.
 *
 *   asleep past the end   SIGSTOP at a random moment, SIGCONT when the other worker has ended the run: nothing at all may change
 *   asleep for a while    SIGSTOP at a random moment, SIGCONT after twice the heartbeat timeout, while the other one is at work:
 *                         what was there at that moment stays as it was
 *   asleep at a write     the same as the first, stopped right before a write or a commit, where a fail point stalls it first
 */
import { readdirSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FailPointName } from '../../activities/fail-points/names.js'
import { namesIn } from '../../activities/store/files.js'
import { experimentPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { temporaryPrefix } from '../../activities/store/temporary-names.js'
import { outputOf } from '../../commands/services/processes.js'
import { stream } from '../../pipelines/random.js'
import type { DrillOptions } from './drill.js'
import { DrillHome, runToEnd } from './drill-home.js'
import {
  differences,
  type LeftBehind,
  leftBehind,
  leftUndisturbed,
  type WorkerLogEntry,
  workerLog,
} from './left-behind.js'
import { drillPlan, heartbeatTimeout } from './plans.js'
import type { DrillResult } from './result.js'

/** Right before a fence is taken, a file gets its name, a checkpoint its own. */
const writes: readonly FailPointName[] = [
  'fence.before',
  'journal.rollout.before',
  'journal.metrics.before',
  'checkpoint.manifest',
  'evaluation.before',
]

/** Seconds: enough for the drill to see it and to send the signal. */
const stall = 30
/** Seconds that a worker is watched after it woke; its next heartbeats leave within one. */
const watch = 4
const limit = 180

interface Case {
  name: string
  steps: number
  /** Stops a worker, lets the run go on, wakes it; gives what was wrong. */
  disturb: (drill: Parts, runName: string) => Disturbance
}

interface Parts {
  home: DrillHome
  moment: number
}

/** `turn` is called while the run goes on, `end` when it has ended; both may find faults. */
interface Disturbance {
  turn: () => Promise<void>
  end: () => Promise<string[]>
}

export async function run({ seed, short, say }: DrillOptions): Promise<DrillResult> {
  const began = performance.now()
  const { uniform } = stream(seed, 'stopped worker')
  const failures: string[] = []
  const repeats = short ? 1 : 5
  const cases: Case[] = [
    ...Array.from({ length: repeats }, (): Case => ({ name: 'asleep past the end', steps: 40, disturb: pastTheEnd })),
    ...Array.from(
      { length: short ? 0 : repeats },
      (): Case => ({ name: 'asleep for a while', steps: 200, disturb: forAWhile }),
    ),
    ...(short ? [] : writes).map((at): Case => ({ name: `asleep at ${at}`, steps: 40, disturb: atAWrite(at) })),
  ]
  const home = await DrillHome.open({ policyWorkers: 2 })
  try {
    const undisturbed = new Map<number, LeftBehind>()
    for (const steps of new Set(cases.map(each => each.steps))) {
      const plan = drillPlan({ name: `undisturbed-${steps}`, seed, steps, stepsPerActivity: 3 })
      undisturbed.set(steps, await leftUndisturbed(home, plan, limit))
    }
    for (const [index, { name, steps, disturb }] of cases.entries()) {
      const plan = drillPlan({ name: `stopped-${index + 1}`, seed, steps, stepsPerActivity: 3 })
      const disturbance = disturb({ home, moment: uniform(index) }, plan.name)
      const failure = await runToEnd({ home, plan, limit, turn: disturbance.turn })
      const faults = failure === null ? await disturbance.end() : [failure]
      const found = await leftBehind(home, plan)
      const wrong = [...faults, ...differences(plan.name, undisturbed.get(steps) as LeftBehind, found)]
      failures.push(...wrong.map(sentence => `${name}: ${sentence}`))
      say(`${plan.name}, ${name}: ${wrong.length === 0 ? 'committed nothing' : `WRONG: ${wrong[0]}`}`)
    }
    return {
      name: 'stopped-worker',
      passed: failures.length === 0,
      cases: cases.length,
      failures,
      figures: {
        'writes that the fence refused': workerLog(home).filter(refused).length,
        'heartbeat timeout s': heartbeatTimeout,
        'elapsed s': (performance.now() - began) / 1000,
      },
    }
  } finally {
    await home.close()
  }
}

function pastTheEnd({ home, moment }: Parts, run: string): Disturbance {
  const stopper = new Stopper({ home, run, moment })
  return {
    turn: () => stopper.stopWhenDue(),
    async end() {
      if (stopper.pid === null) return ['no worker was stopped before the run ended']
      const before = filesOf(home)
      stopper.wake()
      await sleep(watch * 1000)
      return changes(before, filesOf(home))
    },
  }
}

function forAWhile({ home, moment }: Parts, run: string): Disturbance {
  const stopper = new Stopper({ home, run, moment })
  let before: Files | null = null
  return {
    async turn() {
      await stopper.stopWhenDue()
      if (before !== null || !stopper.hasSleptFor(2 * heartbeatTimeout)) return
      before = filesOf(home, run)
      stopper.wake()
    },
    async end() {
      if (before === null) {
        stopper.wake()
        return ['the run ended before the stopped worker was woken']
      }
      await sleep(watch * 1000)
      const after = filesOf(home, run)
      // The worker that took over names its attempts in `owner`, keeps the newest checkpoints and adds files.
      const watched = [...before].filter(([path]) => !path.endsWith('/owner') && after.has(path))
      return changes(
        new Map(watched),
        new Map([...after].filter(([path]) => watched.some(([known]) => known === path))),
      )
    },
  }
}

function atAWrite(at: FailPointName): Case['disturb'] {
  return ({ home, moment }, run) => {
    let armed = false
    let pid: number | null = null
    return {
      async turn() {
        if (!armed) {
          armed = true
          // One worker, which will stall; the second one comes when it has.
          process.env['RLEV_POLICY_WORKERS'] = '1'
          await home.arm(`${at}:${2 + Math.floor(moment * 3)}:stall=${stall}`)
          process.env['RLEV_POLICY_WORKERS'] = '2'
          return
        }
        const record = home.record('policy')
        if (pid !== null || record === undefined || !outputOf(record).includes('"message":"fail point"')) return
        pid = record.pid
        signalWorker(pid, 'SIGSTOP')
        await home.up()
      },
      async end() {
        if (pid === null) return [`${at} was not met in ${run}`]
        const before = filesOf(home)
        signalWorker(pid, 'SIGCONT')
        // The rest of its stall, if the run was quick.
        await sleep((stall + watch) * 1000)
        const wrong = changes(before, filesOf(home))
        await home.arm('')
        return wrong
      },
    }
  }
}

/** Stops the policy worker that has the run's task, once training is some way on. */
class Stopper {
  pid: number | null = null
  readonly #home: DrillHome
  readonly #run: string
  /** Rollouts in the journal when it is time. */
  readonly #due: number
  #stopped = 0

  constructor({ home, run, moment }: Parts & { run: string }) {
    this.#home = home
    this.#run = run
    this.#due = 1 + Math.floor(moment * 20)
  }

  async stopWhenDue(): Promise<void> {
    if (this.pid !== null) return
    const journal = experimentPaths.rollout(runFolder(this.#home.path, this.#run), 0)
    if (namesIn(join(journal, '..')).length < this.#due) return
    const pid = await this.#home.policyWorkerOf(this.#run)
    if (pid === null) return
    signalWorker(pid, 'SIGSTOP')
    // Between the question and the signal the task may have been answered: then nothing is taken over.
    if ((await this.#home.policyWorkerOf(this.#run)) !== pid) {
      signalWorker(pid, 'SIGCONT')
      return
    }
    this.pid = pid
    this.#stopped = performance.now()
  }

  hasSleptFor(seconds: number): boolean {
    return this.pid !== null && performance.now() - this.#stopped > seconds * 1000
  }

  wake(): void {
    if (this.pid !== null) signalWorker(this.pid, 'SIGCONT')
  }
}

/** With its engine process: both are asleep, as on a machine that is suspended. */
function signalWorker(pid: number, signal: NodeJS.Signals): void {
  process.kill(-pid, signal)
}

type Files = Map<string, string>

/**
 * Every file of the runs and of the shared outputs, or of one run, with what would tell a second writing from the first. What has
 * a temporary name is not of the run yet: a worker that wakes in the middle of a write removes its own.
 */
function filesOf(home: DrillHome, run?: string): Files {
  const roots = run === undefined ? ['runs', 'store'] : [join('runs', run)]
  return new Map(
    roots.flatMap(root =>
      readdirSync(join(home.path, root), { recursive: true, encoding: 'utf8' }).flatMap(name => {
        const path = join(root, name)
        if (path.split(sep).some(part => part.startsWith(temporaryPrefix))) return []
        const seen = statSync(join(home.path, path), { throwIfNoEntry: false, bigint: true })
        return seen?.isFile() ? [[path, `inode ${seen.ino}, ${seen.size} bytes, ${seen.mtimeNs} ns`] as const] : []
      }),
    ),
  )
}

function changes(before: Files, after: Files): string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter(path => before.get(path) !== after.get(path))
    .map(path => `${path} changed: ${before.get(path) ?? 'not there'}, then ${after.get(path) ?? 'not there'}`)
}

/** The other woken ones were cancelled before they came to a write. */
const refused = ({ message, error }: WorkerLogEntry): boolean =>
  message === 'Activity failed' && error?.startsWith('FenceLost') === true
