/**
 * One experiment: one arm with one seed, from its data to its report. Everything that computes is an activity whose output
 * is in the store, so a workflow that is started again for the same experiment passes what is there and goes on.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow'
import type { Subject } from '../activities/tracking/subject.js'
import type { StageOutputs } from '../activities/training.js'
import { cleanup, gpu, io } from './activity-options.js'
import { endingOf } from './cancellation.js'
import { ExperimentView } from './experiment-view.js'
import { type Carried, type ExperimentInput, type ExperimentResult, experimentId } from './messages.js'
import { type PauseSwitch, pauseSwitch } from './pause.js'
import { evaluatedInTwo, evaluationDue, nextBoundary } from './segments.js'
import { messageOf, type Tracking, trackBeside } from './tracking.js'

/** Continues as new when its history reaches `durability.maxHistoryEvents`. */
export async function experiment(input: ExperimentInput): Promise<ExperimentResult> {
  const run = experimentId(input)
  const view = new ExperimentView(input)
  const tracking = trackBeside({ subject: subjectOf(input, run), config: input.config }, input.carried)
  const pause = pauseSwitch({
    paused: input.carried?.paused ?? false,
    onWait() {
      view.become('paused')
      tracking.show('SCHEDULED')
    },
    onGo() {
      view.become('running')
      tracking.show('RUNNING')
    },
  })
  const parts: Parts = { input, run, view, pause, tracking, owned: input.carried !== undefined }

  let carried: Carried | 'finished'
  try {
    const known = input.carried?.stages
    carried = known === undefined ? await fromTheStart(parts) : await train(parts, known, input.carried?.step ?? 0)
    if (carried === 'finished') return await finish(parts)
  } catch (error) {
    const ending = endingOf(error)
    await CancellationScope.nonCancellable(() => abandon(parts, ending))
    throw ending
  }
  return continueAsNew<typeof experiment>({ ...input, carried })
}

interface Parts {
  input: ExperimentInput
  run: string
  view: ExperimentView
  pause: PauseSwitch
  tracking: Tracking
  /** Whether the folder and the MLflow run of this name are this config's, and so may be written to. */
  owned: boolean
}

async function fromTheStart(parts: Parts): Promise<Carried | 'finished'> {
  const { input, run, view, pause, tracking } = parts
  const { name, config } = input

  const { finished } = await io(config, 'config').freezeRun({
    experiment: { id: run, config },
    ...(input.sweep === undefined ? { plan: { kind: 'experiment', name, config, warnings: [] } } : {}),
  })
  parts.owned = true
  if (finished !== undefined) {
    tracking.open({ finished: true })
    const { weights } = finished
    view.trained({ step: config.steps, ...(weights === undefined ? {} : { weights }) })
    view.evaluated(finished.evaluation)
    return 'finished'
  }

  const data = await io(config, 'items').prepareData({ run })
  tracking.open({ data })
  const values = await io(config, 'v = points / total').normalizeValues({ run, data })
  const { ablation } = config.value
  const ablated =
    ablation === 'predicted' ? null : await io(config, `values: ${ablation}`).ablateValues({ run, values })

  view.enter('warm start')
  const start = await pause.run(() => gpu(config, 'checkpoint 0').warmStart({ run, data }))
  const rewardValues =
    ablated ?? (await pause.run(() => gpu(config, 'values: predicted').predictValues({ run, data, values, start })))
  const stages = { data, values, rewardValues, start }

  await evaluate(parts, stages, 0)
  return train(parts, stages, 0)
}

async function train(parts: Parts, stages: StageOutputs, from: number): Promise<Carried | 'finished'> {
  const { input, view, pause, tracking } = parts
  const { config } = input
  const startedAt = input.carried?.startedAt ?? workflowInfo().startTime.getTime()
  if (input.carried !== undefined) tracking.open({ data: stages.data })

  for (let step = from; step < config.steps; ) {
    if (view.progress.stage !== 'train') view.enter('train')

    const to = nextBoundary(step, config)
    if (config.durability.stepsPerActivity === 1) await oneStep(parts, stages, to)
    else view.trained(await pause.run(() => severalSteps(parts, stages, step, to)))
    step = to

    if (evaluationDue(step, config)) await evaluate(parts, stages, step)
    tracking.advanceTo(step)
    view.tracked(tracking.url)

    if (step < config.steps && historyIsLong(config.durability.maxHistoryEvents)) {
      await tracking.settle()
      await condition(allHandlersFinished)
      return { stages, step, ...tracking.tracked, startedAt, paused: pause.paused, progress: view.progress }
    }
  }
  return 'finished'
}

/** Rollout, reward and update as activities of their own: each is seen and retried alone. */
async function oneStep(parts: Parts, stages: StageOutputs, step: number): Promise<void> {
  const { input, run, view, pause } = parts
  const { config } = input
  await pause.run(() => gpu(config, `step ${step}: rollout`).rollOut({ run, stages, step }))
  await io(config, `step ${step}: rewards`).scaleRewards({ run, stages, step })
  view.trained(await pause.run(() => gpu(config, `step ${step}: update`).updatePolicy({ run, stages, step })))
}

function severalSteps({ input: { config }, run }: Parts, stages: StageOutputs, from: number, to: number) {
  return gpu(config, `steps ${from + 1}-${to}`).trainSteps({ run, stages, from, to })
}

async function evaluate(parts: Parts, stages: StageOutputs, step: number): Promise<void> {
  const { input, run, view, pause } = parts
  const { config } = input
  view.enter('evaluate')
  const atOnce = () => gpu(config, `evaluation at step ${step}`).evaluatePolicy({ run, stages, step })
  const inTwo = async () => {
    const answers = await gpu(config, `answers at step ${step}`).answerItems({ run, stages, step })
    return io(config, `verdicts at step ${step}`).evaluateAnswers({ run, stages, step, answers })
  }
  view.evaluated(await pause.run(evaluatedInTwo(config) ? inTwo : atOnce))
  await view.tellSweep({ trained: false })
}

async function finish({ input, run, view, tracking }: Parts): Promise<ExperimentResult> {
  const { weights, step, acc, hAcc, expectedHAcc } = view.progress
  view.enter('report')
  await io(input.config, 'result').recordResult({
    run,
    state: 'done',
    step,
    ...(weights === undefined ? {} : { weights }),
  })
  await view.tellSweep({ trained: true })
  const linked = tracking.url !== undefined
  const report = input.sweep === undefined ? await publish(input, tracking.url) : undefined

  view.onlyTracking(true)
  const trackingFailure = await tracking.close({ status: 'FINISHED' })
  view.tracked(tracking.url)
  view.onlyTracking(false)
  view.progress.stage = 'done'
  view.become('done')
  // A cancellation came too late for the result: it only ended the wait for MLflow.
  await CancellationScope.nonCancellable(async () => {
    // MLflow was away: now there is a page of it that the report can lead to.
    if (report !== undefined && !linked && tracking.url !== undefined) await publish(input, tracking.url)
    await condition(allHandlersFinished)
  })
  return {
    run,
    step,
    weights: weights ?? '',
    acc: acc ?? 0,
    hAcc: hAcc ?? 0,
    expectedHAcc: expectedHAcc ?? 0,
    ...(report === undefined ? {} : { reportPath: report.path }),
    ...(tracking.url === undefined ? {} : { trackingUrl: tracking.url }),
    ...(trackingFailure === undefined ? {} : { trackingFailure }),
  }
}

/** After a failure or a cancellation: what is there is kept, and nothing is left looking as if it ran. */
async function abandon({ input, run, view, tracking, owned }: Parts, error: unknown): Promise<void> {
  const cancelled = isCancellation(error)
  const failure = cancelled ? undefined : messageOf(error)
  view.become(cancelled ? 'cancelled' : 'failed', failure)
  if (!owned) return
  const reason = failure === undefined ? {} : { failure }
  try {
    const state = cancelled ? 'cancelled' : 'failed'
    await cleanup(input.config, 'result').recordResult({ run, state, step: view.progress.step, ...reason })
  } catch (cleanupError) {
    view.progress.failure = `${failure ?? 'cancelled'}; the result was not recorded: ${messageOf(cleanupError)}`
  }
  await tracking.close({ status: cancelled ? 'KILLED' : 'FAILED', ...reason })
}

function publish({ name, config }: ExperimentInput, trackingUrl: string | undefined) {
  return io(config, 'report').publishReport({ name, ...(trackingUrl === undefined ? {} : { trackingUrl }) })
}

function historyIsLong(most: number): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo()
  return historyLength >= most || continueAsNewSuggested
}

function subjectOf({ name, arm, seed, sweep }: ExperimentInput, id: string): Subject {
  return { kind: 'experiment', id, name, arm, seed, ...(sweep === undefined ? {} : { sweep: sweep.name }) }
}
