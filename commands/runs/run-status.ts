/**
 * One look at a run: the store for results, Temporal for what is going on. Where they disagree, a result in the store is
 * final unless the workflow is at work again; where Temporal does not answer, the store alone speaks, and a note says so.
 */

import { existsSync } from 'node:fs'
import { readRecord, workflowPage } from '../../activities/machine/services-record.js'
import { type Elsewhere, readElsewhere } from '../../activities/store/elsewhere.js'
import { planPaths, runFolder } from '../../activities/store/run-folder.js'
import { readPlan } from '../../activities/store/runs.js'
import { cancelsValue } from '../../pipelines/config/contradictions/values.js'
import type { Plan } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import type { ExperimentProgress, SweepProgress } from '../../workflows/messages.js'
import type { Home } from '../services/home.js'
import { isAlive } from '../services/processes.js'
import { type WorkerName, workers } from '../services/workers.js'
import { type ExperimentView, isOver, type RunState, type RunView, stateOfAll } from './run-view.js'
import { pullProgress } from './shared-home.js'
import { storedExperiments } from './stored-experiments.js'
import type { Ending, TemporalRuns, WorkflowFacts } from './temporal-runs.js'
import { trackingFailureOf, waitingNote } from './tracking-notes.js'

/** What was asked of Temporal; `away`: it did not answer. */
interface Answer {
  facts: WorkflowFacts | null
  progress: ExperimentProgress | SweepProgress | null
  /** What is said of the experiments of a sweep, by arm and seed. */
  told: ReadonlyMap<string, ExperimentProgress>
  /** Whether the batch of this experiment, counted in the plan's order, has ended. */
  isBehind: (index: number) => boolean
  ending: Ending | null
  away: boolean
  /** The server answers, but nobody answers for the workflow. */
  workerAway: boolean
}

/** What an experiment says of itself, and what Temporal says of its activity. */
type Report = ExperimentProgress & Pick<ExperimentView, 'warmStart' | 'answered' | 'trouble' | 'held'>

const nothing: Answer = {
  ...{ facts: null, progress: null, ending: null, away: false, workerAway: false },
  told: new Map(),
  isBehind: () => false,
}

/** `temporal`: absent where no server is known, as before the first `up`. */
export async function lookAtRun(home: Home, name: string, temporal?: TemporalRuns): Promise<RunView> {
  await pullProgress(home.path, name)
  const plan = readPlan(home.path, name)
  const elsewhere = readElsewhere(home.path, name)
  if (elsewhere !== null) return lookAtImport(home, plan, elsewhere)
  const answer = temporal === undefined ? { ...nothing, away: true } : await ask(temporal, name)
  const merged = storedExperiments(home.path, plan).map((one, index) =>
    merge(one, reportOf(one, answer), { ...answer, isBehind: answer.isBehind(index) }),
  )
  const { facts } = answer
  const isMoving = temporal !== undefined && plan.kind === 'sweep' && facts?.status === 'running'
  const experiments = isMoving ? await askEach(merged, { temporal, since: facts.startedAt }) : merged
  const state = stateOfRun(plan, experiments, answer)
  const single = plan.kind === 'experiment' ? experiments[0] : undefined
  const report = planPaths.report(runFolder(home.path, name))
  return {
    name,
    kind: plan.kind,
    state,
    ...given({ startedAt: answer.facts?.startedAt, endedAt: answer.facts?.endedAt }),
    experiments,
    ...given({ weights: single?.weights, reportPath: existsSync(report) ? report : undefined }),
    pages: {
      ...given({ temporal: workflowPage(home.services, name), mlflow: trackingPage(answer) }),
    },
    ...given({ trackingFailure: trackingFailureOf(answer.ending) }),
    ...(answer.away ? { serverAway: true as const } : {}),
    notes: [
      ...notesOf(state, experiments, answer),
      ...(state === 'running' ? waitingNotes(plan, experiments, answer) : []),
      ...(isOver(state) ? [] : endedWorkers(home)),
      ...cancelledNotes(plan),
    ],
  }
}

/** Neither Temporal nor MLflow knows of it. */
function lookAtImport(home: Home, plan: Plan, { trainer }: Elsewhere): RunView {
  const { name, kind } = plan
  // Nobody works on what is missing, so nothing waits.
  const experiments = storedExperiments(home.path, plan).map(
    (one): ExperimentView => (one.state === 'waiting' ? { ...one, state: 'stopped' } : one),
  )
  const state = stateOfAll(experiments.map(one => one.state))
  const report = planPaths.report(runFolder(home.path, name))
  return {
    name,
    kind,
    state,
    experiments,
    ...given({ reportPath: existsSync(report) ? report : undefined }),
    pages: {},
    notes: [
      `It was trained elsewhere by ${trainer}.`,
      ...(state === 'done' ? [] : ['Responses are missing: `rlev import-results` takes them.']),
    ],
  }
}

async function ask(temporal: TemporalRuns, name: string): Promise<Answer> {
  const answer = { ...nothing }
  try {
    answer.facts = await temporal.facts(name)
    if (answer.facts === null) return answer
    if (answer.facts.status !== 'running') answer.ending = await temporal.ending(name)
  } catch (error) {
    if (!isAway(error)) throw error
    return { ...answer, away: true }
  }
  if (answer.ending?.state === 'completed') {
    const { result } = answer.ending
    return 'experiments' in result ? { ...answer, told: byCell(result.experiments) } : answer
  }
  try {
    // One that failed or was cancelled still tells how far each experiment came.
    answer.progress = await temporal.progress(name)
    const { progress } = answer
    if (progress !== null && 'experiments' in progress) return { ...answer, ...(await askBatches(temporal, progress)) }
  } catch (error) {
    if (!isAway(error)) throw error
    answer.workerAway = answer.ending === null
  }
  return answer
}

/** A large sweep tells counts; those of its batches that are at work tell of their experiments, and the store of the others. */
async function askBatches(
  temporal: TemporalRuns,
  { experiments, batches = [] }: SweepProgress,
): Promise<Pick<Answer, 'told' | 'isBehind'>> {
  const open = batches.filter(({ ended }) => !ended)
  const told = await Promise.all(open.map(({ id }) => temporal.progress(id)))
  const ofBatches = told.flatMap(progress =>
    progress !== null && 'experiments' in progress ? progress.experiments : [],
  )
  const ended = batches.filter(batch => batch.ended)
  return {
    told: byCell([...experiments, ...ofBatches]),
    isBehind: index => ended.some(({ from, to }) => index >= from && index < to),
  }
}

function byCell(experiments: readonly ExperimentProgress[]): ReadonlyMap<string, ExperimentProgress> {
  return new Map(experiments.map(experiment => [cellKey(experiment), experiment]))
}

function cellKey({ arm, seed }: Pick<ExperimentView, 'arm' | 'seed'>): string {
  return `${arm} ${seed}`
}

/**
 * A sweep hears of its experiments at their evaluations, and counts those to come as running; they can say themselves whether
 * and what they are at. They begin in the plan's order, so behind the first that has not begun nobody is asked.
 */
async function askEach(
  experiments: readonly ExperimentView[],
  sweep: { temporal: TemporalRuns; since: number },
): Promise<ExperimentView[]> {
  const asked: ExperimentView[] = []
  let behind = false
  for (const experiment of experiments) {
    if (experiment.state !== 'running' && experiment.state !== 'paused') {
      asked.push(experiment)
      continue
    }
    const told: Report | 'not begun' | 'silent' = behind ? 'not begun' : await toldBy(experiment.id, sweep)
    if (told === 'silent') asked.push(experiment)
    else if (told === 'not begun') asked.push({ ...experiment, state: 'waiting' })
    else asked.push(withReport(experiment, told))
    behind ||= told === 'not begun'
  }
  return asked
}

/** A workflow that ended before the sweep began is of an earlier attempt at the sweep. */
async function toldBy(
  id: string,
  { temporal, since }: { temporal: TemporalRuns; since: number },
): Promise<Report | 'not begun' | 'silent'> {
  try {
    const facts = await temporal.facts(id)
    if (facts === null || (facts.status !== 'running' && facts.startedAt < since)) return 'not begun'
    const told = facts.status === 'running' ? await temporal.progress(id) : null
    return told !== null && 'stage' in told ? { ...told, ...heard(facts) } : 'silent'
  } catch (error) {
    if (!isAway(error)) throw error
    return 'silent'
  }
}

/** A service that may come back, as opposed to a call that is wrong. */
export function isAway(error: unknown): boolean {
  return error instanceof RlevError && error.kind === 'ServiceUnavailable'
}

function reportOf(experiment: ExperimentView, { facts, progress, told }: Answer): Report | undefined {
  if (progress !== null && 'stage' in progress) return { ...progress, ...heard(facts) }
  return told.get(cellKey(experiment))
}

/** What Temporal knows of an experiment besides what it says itself. */
function heard(facts: WorkflowFacts | null): Pick<ExperimentView, 'warmStart' | 'answered' | 'trouble' | 'held'> {
  const held = facts !== null && facts.pausedActivities.length > 0
  return {
    ...given({ warmStart: facts?.warmStart, answered: facts?.answered, trouble: facts?.trouble }),
    ...(held ? { held } : {}),
  }
}

/** What was asked, for one experiment. */
type AnswerForOne = Omit<Answer, 'isBehind'> & { isBehind: boolean }

function merge(stored: ExperimentView, report: Report | undefined, answer: AnswerForOne): ExperimentView {
  if (report === undefined) return { ...stored, state: stateWithoutReport(stored, answer) }
  const merged = withReport(stored, report)
  // What ended before it was told that an experiment had, leaves it looking as if it ran.
  if (report.state === 'running' && answer.facts?.status !== 'running') {
    return { ...merged, state: stateWithoutReport(stored, answer), ...given({ failure: stored.failure }) }
  }
  return merged
}

/** The result in the store may be of an earlier attempt: what the workflow says goes before it. */
function withReport(stored: ExperimentView, report: Report): ExperimentView {
  const { name: _name, trackingUrl: _url, ...told } = report
  const { failure: _failure, weights, ...lasting } = stored
  const newer = stored.step > told.step ? stored : undefined
  return {
    ...lasting,
    ...(told.state === 'done' ? given({ weights }) : {}),
    ...told,
    // The workflow hears of steps in runs of several; the journal is written at each.
    step: Math.max(stored.step, told.step),
    ...given({ reward: newer?.reward, tokensPerSecond: newer?.tokensPerSecond }),
    id: stored.id,
  }
}

function stateWithoutReport({ state }: ExperimentView, { facts, away, ending, isBehind }: AnswerForOne): RunState {
  if (facts?.status === 'running' && isBehind) return state === 'waiting' ? 'cancelled' : state
  if (facts?.status === 'running') return state === 'done' ? 'done' : 'waiting'
  if (state !== 'stopped' && state !== 'waiting') return state
  if (ending !== null && ending.state !== 'completed') return ending.state
  return away ? 'waiting' : 'stopped'
}

function stateOfRun(plan: Plan, experiments: readonly ExperimentView[], answer: Answer): RunState {
  const { facts, progress, ending } = answer
  if (facts?.status === 'running') return progress?.state ?? 'waiting'
  if (ending?.state === 'failed' || ending?.state === 'cancelled') return ending.state
  // Stopped: it was extended since, and the workflow for its further steps has not been started.
  const isExtended = experiments.some(({ state }) => state === 'stopped')
  if (facts?.status === 'completed' && plan.kind === 'experiment' && !isExtended) return 'done'
  // Arms that were given up do not keep a sweep from being done.
  const settled = experiments.every(({ state }) => state === 'done' || state === 'cancelled')
  if (facts?.status === 'completed' && settled) return 'done'
  return stateOfAll(experiments.map(({ state }) => state))
}

function trackingPage({ progress, ending }: Answer): string | undefined {
  return progress?.trackingUrl ?? (ending?.state === 'completed' ? ending.result.trackingUrl : undefined)
}

function notesOf(
  state: RunState,
  experiments: readonly ExperimentView[],
  { away, workerAway, ending }: Answer,
): string[] {
  const notes: string[] = []
  if (away && !isOver(state))
    notes.push('The Temporal server does not answer: the work waits. `rlev up` starts the services.')
  if (workerAway)
    notes.push('No worker answers for the run: `rlev up` starts what is missing, `rlev doctor` shows what is.')
  // A sweep's failure is the list of those of its experiments.
  if (ending?.state === 'failed' && !experiments.some(({ failure }) => failure !== undefined))
    notes.push(`It failed: ${ending.failure}`)
  const trackingFailure = trackingFailureOf(ending)
  if (trackingFailure !== undefined)
    notes.push(`MLflow lacks some of this run: ${trackingFailure}. \`rlev resume\` sends what is missing.`)
  for (const { id, trouble } of experiments) if (trouble !== undefined) notes.push(`${id}: ${trouble}`)
  for (const { id, held } of experiments) {
    if (held) notes.push(`${id} is held by a pause in Temporal itself: \`rlev resume\` releases it.`)
  }
  if (state === 'stopped') notes.push('Nobody works on it: `rlev resume` goes on where it stopped.')
  return notes
}

function waitingNotes(plan: Plan, experiments: readonly ExperimentView[], { progress }: Answer): string[] {
  const since = progress !== null && 'experiments' in progress ? progress.onlyTrackingSince : undefined
  return waitingNote(plan.kind, { experiments, since, now: Date.now() })
}

/** Arms that run knowingly though their estimator cancels the value. */
function cancelledNotes(plan: Plan): string[] {
  const arms = plan.kind === 'sweep' ? plan.arms : [plan]
  return arms
    .filter(({ config }) => cancelsValue(config))
    .map(
      ({ name, config }) =>
        `${name}: value transmission 0.00: ${config.estimator.name} cancels the value, and the arm takes the steps of correctness.`,
    )
}

/** A worker that was started here and is gone, of a home that is up: without a word about it the run would only seem to be slow. */
function endedWorkers(home: Home): string[] {
  const { processes, services } = readRecord(home)
  if (services === undefined) return []
  const started = (Object.keys(workers) as WorkerName[]).filter(name => processes[name] !== undefined)
  const ended = started.filter(name => !isAlive(processes[name]))
  return ended.map(name => `The ${name} worker has ended: \`rlev up\` starts it again, and the work goes on.`)
}
