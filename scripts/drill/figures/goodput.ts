/**
 * Goodput: the share of the time of training that went into steps that stayed, against the mean time between kills of the policy
 * worker; and where the rest went. One workload, one seeded schedule of kills for each mean time.
 *
 *   restart   from the kill until `rlev up` has a worker again
 *   detect    from there until the engine process has begun to load the policy: restart and detection run side by side, so this
 *             is what was waited beyond the restart
 *   load      from there until the newest whole checkpoint is loaded and every digest compared
 *   replay    journaled updates made again
 *   redo      work of the moment of the kill that was not journaled, and is made again
 *   other     the rest: handing out of activities, checkpoints, the journal
 *
 * The time of a recovery is their sum without `other`: after it the run is where it was when it was killed.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { namesIn } from '../../../activities/store/files.js'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { readMetrics } from '../../../activities/store/runs/runs.js'
import type { Plan } from '../../../pipelines/config/schema.js'
import { stream } from '../../../pipelines/random.js'
import { type DrillHome, runToEnd } from '../drill-home.js'
import { type WorkerLogEntry, workerLog } from '../left-behind.js'
import { figurePlan } from './workload.js'

export const causes = ['restart', 'detect', 'load', 'replay', 'redo'] as const
export type Cause = (typeof causes)[number]

/** Seconds each. `whole`: the run was back where it had been before the next kill came. */
export interface Recovery extends Record<Cause, number> {
  whole: boolean
}

export interface Goodput {
  /** Mean time between kills; null for none. (s) */
  meanTime: number | null
  kills: number
  /** From the first step's sampling until the last step's metrics were kept. (s) */
  elapsed: number
  /** Sampling and update of every step, as measured the one time that it stayed. (s) */
  productive: number
  recoveries: Recovery[]
}

/** The default policy and heartbeat timeout, on steps of about half a second, with a checkpoint every ten. */
export function goodputPlan(run: { name: string; seed: number; steps: number }): Plan {
  const durability = { stepsPerActivity: 5 }
  return figurePlan({ ...run, prompts: 160, checkpoint: { everySteps: 10 }, durability })
}

export async function measureGoodput({
  home,
  plan,
  meanTime,
  evenly = false,
  seed,
  limit,
}: {
  home: DrillHome
  plan: Plan
  meanTime: number | null
  /** One kill in each span of the mean time, at any moment of it. Else the times between kills are exponential. */
  evenly?: boolean
  seed: number
  /** Seconds. */
  limit: number
}): Promise<Goodput> {
  const { name } = plan
  const { uniform } = stream(seed, `goodput ${meanTime}`)
  let began = 0
  /** After so many kills, the last one of which (or, before it, the first step) was at `last`. */
  const nextAfter = (count: number, last: number): number => {
    if (meanTime === null) return Number.POSITIVE_INFINITY
    const span = meanTime * 1000
    return evenly ? began + (count + uniform(count)) * span : last - Math.log(1 - uniform(count)) * span
  }
  const kills: Kill[] = []
  const steps = plan.kind === 'experiment' ? plan.config.steps : 0
  let next = Number.NaN
  const turn = async () => {
    const kept = newestOf(home, name)
    // The time between kills counts from the first step on.
    if (kept !== null && Number.isNaN(next)) {
      began = Date.now()
      next = nextAfter(0, began)
    }
    if (Date.now() < next || kept === null || readMetrics(home.path, name, { from: steps, to: steps }).length > 0)
      return
    if (Number.isNaN(next)) return
    const at = Date.now()
    await home.kill('policy')
    const keptAt = newestOf(home, name) ?? at
    await home.up()
    kills.push({ at, readyAt: Date.now(), keptAt: Math.min(keptAt, at) })
    next = nextAfter(kills.length, at)
  }
  const failure = await runToEnd({ home, plan, limit, turn })
  if (failure !== null) throw new Error(failure)

  const log = workerLog(home).filter(({ run }) => run === name)
  const metrics = readMetrics(home.path, name)
  const sampledFirst = Date.parse(log.find(({ message }) => message === 'sampling')?.time ?? '')
  const ended = statSync(experimentPaths.metrics(runFolder(home.path, name), steps)).mtimeMs
  return {
    meanTime,
    kills: kills.length,
    elapsed: (ended - sampledFirst) / 1000,
    productive: metrics.reduce(
      (sum, { values }) => sum + (values['perf/rollout_seconds'] ?? 0) + (values['perf/update_seconds'] ?? 0),
      0,
    ),
    recoveries: recoveriesOf(kills, { ended, log }),
  }
}

interface Kill {
  at: number
  readyAt: number
  keptAt: number
}

function recoveriesOf(
  kills: readonly Kill[],
  { ended, log }: { ended: number; log: readonly WorkerLogEntry[] },
): Recovery[] {
  // A kill that comes while the run recovers from the one before loses what that recovery had come to, which is counted there.
  let recovered = 0
  return kills.map((kill, index) => {
    const keptAt = Math.min(kill.at, Math.max(kill.keptAt, recovered))
    const recovery = recoveryOf({ ...kill, keptAt, until: kills[index + 1]?.at ?? ended, log })
    recovered = kill.at + 1000 * (recovery.restart + recovery.detect + recovery.load + recovery.replay)
    return recovery
  })
}

/** What one kill cost, as far as the time until the next one (`until`) goes. Times in ms since 1970. */
export function recoveryOf({
  at,
  readyAt,
  keptAt,
  until,
  log,
}: {
  at: number
  readyAt: number
  /** When the newest file of the journal was kept before the kill. */
  keptAt: number
  until: number
  log: readonly WorkerLogEntry[]
}): Recovery {
  const after = log.filter(({ time }) => Date.parse(time) > at && Date.parse(time) < until)
  const loaded = after.find(({ message }) => message === 'policy loaded')
  const cut = (time: number) => Math.min(time, until)
  const loadedAt = loaded === undefined ? until : Date.parse(loaded.time)
  const startedAt = loaded === undefined ? until : loadedAt - (loaded.seconds ?? 0) * 1000
  const replayed = after.filter(({ message }) => message === 'step replayed').at(-1)
  const replayedAt = replayed === undefined ? loadedAt : Date.parse(replayed.time)
  // What follows the last replayed step; where nothing does, the replay itself was broken off.
  const goesOn = after.some(({ message, time }) => message === 'sampling' && Date.parse(time) >= replayedAt)
  const redo = at - keptAt
  const ready = cut(readyAt)
  const seconds = (from: number, to: number) => Math.max(0, to - from) / 1000
  return {
    restart: seconds(at, ready),
    detect: seconds(ready, startedAt),
    load: seconds(Math.max(ready, startedAt), loadedAt),
    replay: seconds(loadedAt, replayedAt),
    redo: redo / 1000,
    whole: loaded !== undefined && goesOn && replayedAt + redo < until,
  }
}

export const lengthOf = (recovery: Recovery): number => causes.reduce((sum, cause) => sum + recovery[cause], 0)

/** When the newest file of the run's journal was kept, in ms; null before the first. */
function newestOf(home: DrillHome, name: string): number | null {
  const folder = runFolder(home.path, name)
  const times = (['rollout', 'records', 'metrics'] as const).flatMap(kind => {
    const last = namesIn(join(experimentPaths[kind](folder, 0), '..')).at(-1)
    const path = join(experimentPaths[kind](folder, 0), '..', last ?? '')
    const seen = last === undefined ? undefined : statSync(path, { throwIfNoEntry: false })
    return seen === undefined ? [] : [seen.mtimeMs]
  })
  return times.length === 0 ? null : Math.max(...times)
}
