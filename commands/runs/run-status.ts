/**
 * One look at a run: the store for results, Temporal for what is going on. Where they disagree, a result in the store is
 * final unless the workflow is at work again; where Temporal does not answer, the store alone speaks, and a note says so.
 */

import { existsSync } from 'node:fs'
import { workflowPage } from '../../activities/machine/services-record.js'
import { type Elsewhere, readElsewhere } from '../../activities/store/runs/elsewhere.js'
import { planPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { readPlan } from '../../activities/store/runs/runs.js'
import type { Plan } from '../../pipelines/config/schema.js'
import { given } from '../../pipelines/given.js'
import type { Home } from '../services/home.js'
import { type Answer, ask, cellKey, nothing, type Report, reportOf, toldBy } from './asked-of-temporal.js'
import { otherVersionOf } from './other-version.js'
import { runNotes } from './run-notes.js'
import { type ExperimentView, type RunState, type RunView, stateOfAll } from './run-view.js'
import { pullProgress } from './shared-home.js'
import { storedExperiments } from './stored-experiments.js'
import type { TemporalRuns } from './temporal-runs.js'
import { trackingFailureOf } from './tracking-notes.js'

/** `temporal`: absent where no server is known, as before the first `up`. */
export async function lookAtRun(home: Home, name: string, temporal?: TemporalRuns): Promise<RunView> {
  await pullProgress(home.path, name)
  const plan = readPlan(home.path, name)
  const elsewhere = readElsewhere(home.path, name)
  if (elsewhere !== null) return lookAtImport(home, plan, elsewhere)
  const answer = temporal === undefined ? { ...nothing, away: true } : await ask(temporal, name)
  const merged = storedExperiments(home.path, plan).map((one, index) =>
    merge(one, reportFor(one, answer), { ...answer, isBehind: answer.isBehind(index) }),
  )
  const { facts } = answer
  const isMoving = temporal !== undefined && plan.kind === 'sweep' && facts?.status === 'running'
  const experiments = isMoving ? await askEach(merged, { temporal, since: facts.startedAt }) : merged
  const state = stateOfRun(plan, experiments, answer)
  const single = plan.kind === 'experiment' ? experiments[0] : undefined
  const report = planPaths.report(runFolder(home.path, name))
  const otherVersion = otherVersionOf(home, answer)
  return {
    name,
    kind: plan.kind,
    state,
    ...given({ startedAt: answer.facts?.startedAt, endedAt: answer.facts?.endedAt }),
    experiments,
    ...given({ weights: single?.weights, reportPath: existsSync(report) ? report : undefined }),
    pages: {
      ...given({
        temporal: workflowPage(home.services, temporal?.workflowId(name) ?? name),
        mlflow: trackingPage(answer),
      }),
    },
    ...given({ trackingFailure: trackingFailureOf(answer.ending) }),
    ...given({ otherVersion }),
    ...(answer.away ? { serverAway: true as const } : {}),
    notes: runNotes(home, { plan, state, experiments, answer, otherVersion }),
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

function reportFor(experiment: ExperimentView, { facts, progress, told }: Answer): Report | undefined {
  if (progress !== null && 'stage' in progress) return reportOf(progress, facts)
  return told.get(cellKey(experiment))
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
