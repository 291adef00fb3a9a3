/**
 * A sweep: every arm with every seed as a child workflow, some at a time, and the comparison at the end. The limit here is
 * for order and fairness; what keeps a card to one experiment at a time is the one slot of its worker.
 */

import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  type ChildWorkflowHandle,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  ParentClosePolicy,
  setHandler,
  sleep,
  startChild,
} from '@temporalio/workflow'
import type { ExperimentConfig, SweepPlan } from '../pipelines/config/schema.js'
import { startOrder } from '../pipelines/config/start-order.js'
import { io } from './activity-options.js'
import { endingOf } from './cancellation.js'
import type { experiment } from './experiment.js'
import {
  type ExperimentInput,
  type ExperimentProgress,
  experimentId,
  movedSignal,
  pauseSignal,
  queues,
  resumeSignal,
  type SweepInput,
  type SweepResult,
} from './messages.js'
import { pauseSwitch } from './pause.js'
import { changesWhileItRuns } from './sweep-changes.js'
import { SweepView } from './sweep-view.js'
import { messageOf, trackBeside } from './tracking.js'

type Child = ChildWorkflowHandle<typeof experiment>

/** Above so many messages the experiments of a sweep keep their evaluations to themselves, for the sake of its history. */
const mostMessages = 1000

/** Fails, after the report, when an experiment failed. */
export async function sweep({ plan }: SweepInput): Promise<SweepResult> {
  const { name } = plan
  const cells = cellsOf(plan)
  const view = new SweepView(plan, cells.map(notStarted))
  const running = new Map<string, Child>()
  const trained = new Set<string>()
  const endings: Promise<void>[] = []
  const config = configOf(plan)
  const tracking = trackBeside({ subject: { kind: 'sweep', name }, config })
  const pause = pauseSwitch({
    onSignal(paused) {
      view.become(paused ? 'paused' : 'running')
      tracking.show(paused ? 'SCHEDULED' : 'RUNNING')
      for (const [id, child] of running) passOn(paused, id, child)
    },
  })
  setHandler(movedSignal, ({ progress, trained: isTrained }) => {
    if (tracking.url !== undefined) view.progress.trackingUrl = tracking.url
    view.heard(progress)
    if (isTrained) trained.add(idOf(name, progress))
  })

  const changes = changesWhileItRuns(plan, arm => {
    for (const id of running.keys()) {
      if (id.startsWith(`${name}/${arm}/`)) getExternalWorkflowHandle(id).cancel().catch(toldTooLate(id))
    }
  })

  /** Whether the folder and the MLflow run of this name are this plan's, and so may be written to. */
  let owned = false
  try {
    await io(config, 'plan').freezeRun({ plan })
    owned = true
    tracking.open()

    let notBegun = 0
    for (const cell of cells) {
      // An experiment that only waits for MLflow holds no place.
      await condition(() => [...running.keys()].filter(id => !trained.has(id)).length < changes.concurrency)
      await condition(() => !pause.paused)
      if (plan.settings.onFailure === 'stop' && anyFailed(view, changes.stopped)) {
        view.heard({ ...notStarted(cell), state: 'cancelled' })
        notBegun++
        continue
      }
      if (changes.stopped.has(cell.arm)) {
        view.heard({ ...notStarted(cell), state: 'cancelled' })
        continue
      }
      const id = experimentId(cell)
      const child = await startExperiment(id, cell)
      running.set(id, child)
      // The pause came while it was started.
      if (pause.paused) passOn(true, id, child)
      endings.push(follow(child, cell, view).finally(() => running.delete(id)))
    }
    // Those that only wait for MLflow have their results in the store.
    await condition(() => [...running.keys()].every(id => trained.has(id)))
    refuseCancelled()
    const linked = tracking.url !== undefined
    const { path } = await publish({ name, config }, tracking.url)
    view.progress.reportPath = path
    view.progress.onlyTrackingSince = Date.now()
    await Promise.all(endings)
    refuseCancelled()
    // MLflow was away: now there is a page of it that the report can lead to.
    if (!linked && tracking.url !== undefined) await publish({ name, config }, tracking.url)

    const failed = view.progress.experiments.filter(({ arm, state }) => state !== 'done' && !changes.stopped.has(arm))
    const trackingFailure = await tracking.close({ status: failed.length === 0 ? 'FINISHED' : 'FAILED' })
    delete view.progress.onlyTrackingSince
    if (tracking.url !== undefined) view.progress.trackingUrl = tracking.url
    view.become(failed.length === 0 ? 'done' : 'failed')
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished))
    if (failed.length > 0) throw failureOf(failed, { of: cells.length, notBegun })
    const { experiments, trackingUrl } = view.progress
    return {
      name,
      experiments,
      reportPath: path,
      ...(trackingUrl === undefined ? {} : { trackingUrl }),
      ...(trackingFailure === undefined ? {} : { trackingFailure }),
    }
  } catch (error) {
    const ending = endingOf(error)
    if (view.progress.state !== 'failed') {
      await CancellationScope.nonCancellable(async () => {
        await Promise.all(endings)
        view.become(isCancellation(ending) ? 'cancelled' : 'failed')
        if (owned) await tracking.close({ status: isCancellation(ending) ? 'KILLED' : 'FAILED' })
      })
    }
    throw ending
  }
}

function publish({ name, config }: { name: string; config: ExperimentConfig }, trackingUrl: string | undefined) {
  return io(config, 'comparison and report').publishReport({
    name,
    ...(trackingUrl === undefined ? {} : { trackingUrl }),
  })
}

/** Cancelled experiments are endings like others; a cancelled sweep is not. */
function refuseCancelled(): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('the sweep was cancelled')
}

/** What the sweep's own activities take their limits from: its first arm. */
function configOf({ name, arms: [first] }: SweepPlan): ExperimentConfig {
  if (first === undefined) throw ApplicationFailure.nonRetryable(`the sweep ${name} has no arms`, 'ConfigInvalid')
  return first.config
}

function cellsOf(plan: SweepPlan): ExperimentInput[] {
  const { name, settings, arms } = plan
  const messages =
    settings.seeds.length * arms.reduce((sum, { config }) => sum + config.steps / config.evaluation.every, 0)
  const sweepFacts = { name, follow: messages <= mostMessages }
  return startOrder(plan).map(cell => ({ name, ...cell, sweep: sweepFacts }))
}

function notStarted({ name, arm, seed, config }: ExperimentInput): ExperimentProgress {
  return { name, arm, seed, stage: 'prepare', state: 'running', step: 0, steps: config.steps }
}

function idOf(name: string, { arm, seed }: ExperimentProgress): string {
  return experimentId({ name, arm, seed, sweep: { name, follow: true } })
}

/** An experiment of an earlier sweep of this name may still be ending: its id is free once it has. */
async function startExperiment(workflowId: string, cell: ExperimentInput): Promise<Child> {
  for (;;) {
    try {
      return await startChild<typeof experiment>('experiment', {
        workflowId,
        taskQueue: queues.workflows,
        args: [cell],
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: `${cell.arm}, seed ${cell.seed}, ${cell.config.estimator.name}`,
      })
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
      log.warn('the experiment of an earlier sweep has not ended', { workflowId })
      await sleep('2 seconds')
    }
  }
}

/** Never rejects: one failed experiment does not end the others. */
async function follow(child: Child, cell: ExperimentInput, view: SweepView): Promise<void> {
  const before = () => view.experiment(cell)
  try {
    const { run: _run, reportPath: _report, ...result } = await child.result()
    view.heard({ ...before(), ...result, stage: 'done', state: 'done' })
  } catch (error) {
    const state = isCancellation(error) ? 'cancelled' : 'failed'
    view.heard({ ...before(), state, ...(state === 'failed' ? { failure: messageOf(error) } : {}) })
  }
}

function passOn(paused: boolean, id: string, child: Child): void {
  child.signal(paused ? pauseSignal : resumeSignal).catch(toldTooLate(id))
}

/** It ended in the meantime. */
function toldTooLate(id: string): (error: unknown) => void {
  return error => log.info('an experiment was not told', { id, error: String(error) })
}

function anyFailed({ progress }: SweepView, stopped: ReadonlySet<string>): boolean {
  return progress.experiments.some(({ arm, state }) => state === 'failed' && !stopped.has(arm))
}

/** `notBegun`: those that an earlier failure kept from beginning; they are named by their number. */
function failureOf(
  failed: readonly ExperimentProgress[],
  { of, notBegun }: { of: number; notBegun: number },
): ApplicationFailure {
  const ended = notBegun === 0 ? failed : failed.filter(({ state, step }) => state !== 'cancelled' || step > 0)
  const left = notBegun === 0 ? '' : `; ${notBegun} were not begun, for the sweep stops at the first failure`
  const names = ended.map(
    ({ arm, seed, state, failure }) => `${arm} seed ${seed} (${failure?.split('\n')[0] ?? state})`,
  )
  return ApplicationFailure.nonRetryable(
    `${ended.length} of ${of} experiments failed: ${names.join('; ')}${left}`,
    'ExperimentsFailed',
  )
}
