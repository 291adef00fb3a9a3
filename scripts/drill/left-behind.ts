/**
 * What a run leaves, reduced to what must not depend on how often it was interrupted: sha256 of weights and optimizer, and the
 * set of (key, step, value) of every history in MLflow. Times differ by nature: `perf/*` and timestamps are left out.
 */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { MlflowClient } from '../../activities/mlflow/client.js'
import type { Run } from '../../activities/mlflow/types.js'
import { digestOfFile, namesIn } from '../../activities/store/files.js'
import { experimentPaths, runFolder, stepName } from '../../activities/store/runs/run-folder.js'
import { experimentsOf } from '../../activities/store/runs/runs.js'
import { trainedFile } from '../../pipelines/checkpoint/checkpoint-files.js'
import type { Plan } from '../../pipelines/config/schema.js'
import { type DrillHome, runToEnd } from './drill-home.js'
import { differencesOfPoints, historiesOf } from './histories.js'

export interface LeftBehind {
  /** Of each experiment, by arm and seed, or `experiment` where the plan is a single one. */
  experiments: Record<string, { weights: string; optimizer: string }>
  /** Of each run in MLflow, a sweep's own under `sweep`. */
  points: Record<string, string[]>
  /** What is wrong whatever it is compared with: doubled or unfinished runs, doubled points, steps sampled twice. */
  faults: string[]
  /** Rollouts that were begun, and begun beyond one a step: what was in flight when an attempt lost its worker. */
  samplings: { begun: number; again: number }
}

export async function leftBehind(home: DrillHome, plan: Plan): Promise<LeftBehind> {
  const faults: string[] = []
  const experiments: LeftBehind['experiments'] = {}
  for (const { id, arm, seed, config } of experimentsOf(plan)) {
    const folder = join(experimentPaths.checkpoints(runFolder(home.path, id)), stepName(config.steps))
    const digest = (name: string) => digestOfFile(join(folder, name))?.sha256 ?? `no ${name}`
    const trained = trainedFile(namesIn(folder)) ?? 'model.safetensors'
    const name = plan.kind === 'sweep' ? `${arm} seed ${seed}` : 'experiment'
    experiments[name] = { weights: digest(trained), optimizer: digest('optimizer.safetensors') }
  }
  const points = await pointsOf(home.mlflow(), plan, faults)
  const samplings = samplingsOf(home, plan, faults)
  return { experiments, points, faults, samplings }
}

/** What the plan leaves when nothing happens to it. */
export async function leftUndisturbed(home: DrillHome, plan: Plan, limit: number): Promise<LeftBehind> {
  const failure = await runToEnd({ home, plan, limit, turn: async () => {} })
  if (failure !== null) throw new Error(`the undisturbed ${plan.kind} failed: ${failure}`)
  return leftBehind(home, plan)
}

/** A run with a turn of the drill in it, what it left, and what was wrong: why it did not end well, and each difference. */
export async function leftDisturbed({
  undisturbed,
  ...running
}: Parameters<typeof runToEnd>[0] & { undisturbed: LeftBehind | Promise<LeftBehind> }): Promise<{
  ended: boolean
  found: LeftBehind
  wrong: string[]
}> {
  const { home, plan } = running
  const failure = await runToEnd(running)
  const found = await leftBehind(home, plan)
  const wrong = [...(failure === null ? [] : [failure]), ...differences(plan.name, await undisturbed, found)]
  return { ended: failure === null, found, wrong }
}

/** What differs from an undisturbed run, a sentence each, with the faults; empty where nothing does. */
export function differences(name: string, undisturbed: LeftBehind, found: LeftBehind): string[] {
  const said: string[] = found.faults.map(fault => `${name}: ${fault}`)
  for (const [experiment, expected] of Object.entries(undisturbed.experiments)) {
    const there = found.experiments[experiment]
    for (const what of ['weights', 'optimizer'] as const) {
      if (there?.[what] === expected[what]) continue
      said.push(`${name}: ${what} of ${experiment} are ${there?.[what]}, undisturbed ${expected[what]}`)
    }
  }
  for (const run of new Set([...Object.keys(undisturbed.points), ...Object.keys(found.points)])) {
    said.push(...differencesOfPoints(`${name}: ${run}`, undisturbed.points[run] ?? [], found.points[run] ?? []))
  }
  return said
}

async function pointsOf(mlflow: MlflowClient, plan: Plan, faults: string[]): Promise<LeftBehind['points']> {
  const points: LeftBehind['points'] = {}
  const { tracking } = experimentsOf(plan)[0]?.config ?? {}
  const experiment = await mlflow.getExperimentByName(tracking?.experiment ?? '')
  const runs =
    experiment === null ? [] : await mlflow.searchRuns({ experimentIds: [experiment.experiment_id], filter: '' })
  const expected = experimentsOf(plan).length + (plan.kind === 'sweep' ? 1 : 0)
  if (runs.length !== expected) faults.push(`MLflow has ${runs.length} runs, not ${expected}`)
  for (const run of runs) {
    const name = nameOf(run, plan)
    if (points[name] !== undefined) faults.push(`MLflow has two runs of ${name}`)
    if (run.info.status !== 'FINISHED') faults.push(`the MLflow run of ${name} is ${run.info.status}`)
    points[name] = await historiesOf({ mlflow, run, name, faults })
  }
  return points
}

function nameOf({ info, data }: Run, plan: Plan): string {
  const kind = data.tags?.find(({ key }) => key === 'rlev.kind')?.value
  if (kind === 'sweep') return 'sweep'
  return plan.kind === 'sweep' ? (info.run_name ?? info.run_id) : 'experiment'
}

/**
 * Policy workers say in their logs when they begin to sample a step, and in which attempt of which activity; the journal's file
 * says when it was kept. Only a later attempt may begin a step again, or the activity that follows one whose worker was lost
 * (workflows/policy-worker.ts), and only before that.
 */
function samplingsOf(home: DrillHome, plan: Plan, faults: string[]): LeftBehind['samplings'] {
  const steps = new Map(experimentsOf(plan).map(({ id }) => [id, new Map<number, Set<string | undefined>>()]))
  const samplings = { begun: 0, again: 0 }
  for (const { message, run = '', step = 0, time, attempt, activityId } of workerLog(home)) {
    const begun = steps.get(run)
    if (message !== 'sampling' || begun === undefined) continue
    samplings.begun++
    const before = begun.get(step) ?? new Set()
    if (before.size > 0) samplings.again++
    if (before.has(activityId) && attempt === 1)
      faults.push(`step ${step} of ${run} was sampled again without a failed attempt`)
    begun.set(step, before.add(activityId))
    const kept = statSync(experimentPaths.rollout(runFolder(home.path, run), step), { throwIfNoEntry: false })
    if (kept !== undefined && Date.parse(time) > kept.mtimeMs + clockGrain) {
      faults.push(`step ${step} of ${run} was sampled again after it was journaled`)
    }
  }
  return samplings
}

/** Milliseconds by which a file's time may lie before the clock's. */
const clockGrain = 20

export interface WorkerLogEntry {
  /** ISO 8601. */
  time: string
  message: string
  run?: string
  step?: number
  /** Of the activity. */
  attempt?: number
  activityId?: string
  seconds?: number
  /** Stack of what an attempt ended with. */
  error?: string
}

/** What the policy workers of a home have logged, in order. */
export function workerLog(home: { path: string }): WorkerLogEntry[] {
  const folder = join(home.path, 'logs')
  const lines = namesIn(folder)
    .filter(name => name.startsWith('policy'))
    .flatMap(name => readFileSync(join(folder, name), 'utf8').split('\n'))
  return lines.flatMap(line => entryOf(line) ?? []).sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
}

/** Null for a line that is not the worker's own, or that was cut short by its death. */
export function entryOf<Entry extends WorkerLogEntry>(line: string): Entry | null {
  if (!line.startsWith('{"time"')) return null
  try {
    return JSON.parse(line) as Entry
  } catch {
    return null
  }
}
