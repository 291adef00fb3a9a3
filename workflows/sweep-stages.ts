/** The stages of a sweep, as sweep.ts calls them one after the other. */
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  setHandler,
} from '@temporalio/workflow'
import { evaluationSteps } from '../pipelines/config/due-steps.js'
import type { ExperimentConfig, SweepPlan } from '../pipelines/config/schema.js'
import { idInSweep, startOrder } from '../pipelines/config/start-order.js'
import { given } from '../pipelines/given.js'
import { io } from './activity-options.js'
import { endingOf } from './cancellation.js'
import {
  type ExperimentInput,
  type ExperimentProgress,
  experimentId,
  movedSignal,
  type SweepResult,
} from './messages.js'
import { type PauseSwitch, pauseSwitch } from './pause.js'
import { type ReportWriter, reportWriter } from './report.js'
import { type Changes, changesWhileItRuns } from './sweep-changes.js'
import { notStarted, SweepExperiments } from './sweep-experiments.js'
import { SweepView } from './sweep-view.js'
import { type Tracking, trackBeside } from './tracking.js'

/** If the experiments would send more evaluations than this, they send none: each is an event in the history of the sweep. */
const maxMessages = 1000

export class SweepStages {
  /** In the order in which they start. */
  readonly experiments: readonly ExperimentInput[]
  readonly #plan: SweepPlan
  readonly #config: ExperimentConfig
  readonly #view: SweepView
  readonly #tracking: Tracking
  readonly #report: ReportWriter
  readonly #children: SweepExperiments
  readonly #pause: PauseSwitch
  readonly #changes: Changes
  /** Ids of the experiments that were not begun because another one failed. */
  readonly #notBegun = new Set<string>()
  #failed: readonly ExperimentProgress[] = []
  #trackingFailure: string | undefined

  /** Takes messages from here on. */
  constructor(plan: SweepPlan) {
    const { name } = plan
    const experiments = experimentsOf(plan)
    const config = configOf(plan)
    const view = new SweepView(plan, experiments.map(notStarted))
    const tracking = trackBeside({ subject: { kind: 'sweep', name }, config })
    const children = new SweepExperiments(view)
    this.experiments = experiments
    this.#plan = plan
    this.#config = config
    this.#view = view
    this.#tracking = tracking
    this.#report = reportWriter({ name, config, tracking, summary: 'comparison and report' })
    this.#children = children
    this.#pause = pauseSwitch({
      onSignal(paused) {
        if (view.isOver) return
        view.become(paused ? 'paused' : 'running')
        tracking.show(paused ? 'SCHEDULED' : 'RUNNING')
        for (const id of children.ids()) children.tellPause(id, paused)
      },
    })
    setHandler(movedSignal, ({ progress, trained }) => {
      view.tracked(tracking.url)
      children.heard(progress, { trained })
    })
    this.#changes = changesWhileItRuns(plan, arm => {
      for (const id of children.ids({ arm })) children.cancel(id)
    })
  }

  /** Throws if the name belongs to another plan: then nothing that has this name is touched. */
  async keepPlan(): Promise<void> {
    try {
      await io(this.#config, 'plan').freezeRun({ plan: this.#plan })
    } catch (error) {
      const ending = endingOf(error)
      this.#view.end(ending)
      throw ending
    }
    this.#tracking.open()
  }

  /** Starts an experiment when it is its turn, unless its arm was stopped or another one failed by then. */
  async begin(experiment: ExperimentInput): Promise<void> {
    do {
      await condition(() => !this.#pause.paused && this.#hasPlace())
      if (this.#isLeftOut(experiment)) {
        this.#view.heard({ ...notStarted(experiment), state: 'cancelled' })
        return
      }
    } while (!(await this.#children.start(experiment)))
    // Messages may have come while it was being started.
    const id = experimentId(experiment)
    if (this.#changes.stopped.has(experiment.arm)) this.#children.cancel(id)
    if (this.#pause.paused) this.#children.tellPause(id, true)
  }

  /** Waits until the result of every experiment is recorded. Some may still wait for MLflow. */
  async everyResult(): Promise<void> {
    await condition(() => this.#children.training === 0)
    refuseCancelled()
  }

  /** Writes the comparison and the report. */
  async report(): Promise<void> {
    this.#view.reported(await this.#report.write())
  }

  /** Waits until every experiment has ended. */
  async everyEnding(): Promise<void> {
    await this.#children.ended()
    refuseCancelled()
    await this.#report.addLink()
  }

  /** Ends the run in MLflow. */
  async close(): Promise<void> {
    this.#failed = this.#withoutResult()
    const state = this.#failed.length === 0 ? 'done' : 'failed'
    this.#trackingFailure = await this.#tracking.close({ status: state === 'done' ? 'FINISHED' : 'FAILED' })
    this.#view.tracked(this.#tracking.url)
    this.#view.become(state)
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished))
  }

  /** After `close`. Throws if an experiment failed. */
  result(): SweepResult {
    const { name, experiments, reportPath, trackingUrl } = this.#view.progress
    if (this.#failed.length > 0)
      throw failureOf(this.#failed, { of: this.experiments.length, notBegun: this.#notBegun })
    return { name, experiments, ...given({ reportPath, trackingUrl, trackingFailure: this.#trackingFailure }) }
  }

  /** After a failure or a cancellation: waits for the experiments to end, and ends the run in MLflow. */
  async abandon(error: unknown): Promise<void> {
    await this.#children.ended()
    this.#view.end(error)
    await this.#tracking.close({ status: isCancellation(error) ? 'KILLED' : 'FAILED' })
  }

  /** An experiment that only waits for MLflow does not count. */
  #hasPlace(): boolean {
    return this.#children.training < this.#changes.concurrency
  }

  #isLeftOut(experiment: ExperimentInput): boolean {
    const stopsAtFailure = this.#plan.settings.onFailure === 'stop'
    if (stopsAtFailure && this.#withoutResult().some(({ state }) => state === 'failed')) {
      this.#notBegun.add(experimentId(experiment))
      return true
    }
    return this.#changes.stopped.has(experiment.arm)
  }

  /** Experiments that are not done, except those of stopped arms. */
  #withoutResult(): ExperimentProgress[] {
    const { experiments } = this.#view.progress
    return experiments.filter(({ arm, state }) => state !== 'done' && !this.#changes.stopped.has(arm))
  }
}

/** A cancellation of the sweep ends its experiments, and thereby the wait for them, without an error. */
function refuseCancelled(): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('the sweep was cancelled')
}

/** The activities of a sweep take their limits from its first arm. */
function configOf({ name, arms: [first] }: SweepPlan): ExperimentConfig {
  if (first === undefined) throw ApplicationFailure.nonRetryable(`the sweep ${name} has no arms`, 'ConfigInvalid')
  return first.config
}

function experimentsOf(plan: SweepPlan): ExperimentInput[] {
  const { name, settings, arms } = plan
  const messages = settings.seeds.length * arms.reduce((sum, { config }) => sum + evaluationSteps(config).length, 0)
  const sweep = { name, follow: messages <= maxMessages }
  return startOrder(plan).map(experiment => ({ name, ...experiment, sweep }))
}

/** `notBegun`: ids of experiments that were not begun because of an earlier failure. They are counted, not named. */
function failureOf(
  failed: readonly ExperimentProgress[],
  { of, notBegun }: { of: number; notBegun: ReadonlySet<string> },
): ApplicationFailure {
  const ended = failed.filter(({ name, arm, seed }) => !notBegun.has(idInSweep(name, { arm, seed })))
  const left =
    notBegun.size === 0 ? '' : `; ${notBegun.size} were not begun, because the sweep stops at the first failure`
  const names = ended.map(
    ({ arm, seed, state, failure }) => `${arm} seed ${seed} (${failure?.split('\n')[0] ?? state})`,
  )
  return ApplicationFailure.nonRetryable(
    `${ended.length} of ${of} experiments failed: ${names.join('; ')}${left}`,
    'ExperimentsFailed',
  )
}
