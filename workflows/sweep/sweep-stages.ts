/** The stages of a sweep that starts its experiments itself, as sweep.ts calls them one after the other. */
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  setHandler,
} from '@temporalio/workflow'
import { idInSweep } from '../../pipelines/config/start-order.js'
import type { SweepOutline } from '../../pipelines/config/sweep-outline.js'
import { given } from '../../pipelines/given.js'
import { io } from '../activity-options.js'
import { endingOf, refuseCancelled } from '../cancellation.js'
import { type Limits, limitsAtFirst } from '../limits.js'
import { type ExperimentProgress, experimentId, movedSignal, type SweepInput, type SweepResult } from '../messages.js'
import { type PauseSwitch, pauseSwitch } from '../pause.js'
import { type ReportWriter, reportWriter } from '../report.js'
import { type Tracking, trackBeside } from '../tracking.js'
import { type Changes, changesWhileItRuns } from './sweep-changes.js'
import { notStarted, SweepExperiments } from './sweep-experiments.js'
import { type PlannedExperiment, type PlannedSweep, plannedByHome, plannedByPlan } from './sweep-plan.js'
import { SweepView } from './sweep-view.js'

export class SweepStages {
  readonly #input: SweepInput
  /** Undefined until it is read. */
  #planned: PlannedSweep | undefined
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
  constructor(input: SweepInput) {
    const name = 'plan' in input ? input.plan.name : input.name
    this.#input = input
    this.#planned = 'plan' in input ? plannedByPlan(input.plan) : undefined
    const limits = () => this.#limits
    const view = new SweepView(name, this.experiments.map(notBegun))
    const tracking = trackBeside({ subject: { kind: 'sweep', name }, limits })
    const children = new SweepExperiments(view)
    this.#view = view
    this.#tracking = tracking
    this.#report = reportWriter({ name, limits, tracking, summary: 'comparison and report' })
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
    this.#changes = changesWhileItRuns({
      outline: () => this.#planned?.outline,
      onStop(arm) {
        for (const id of children.ids({ arm })) children.cancel(id)
      },
    })
    this.#pause.listen()
  }

  /** In the order in which they start. */
  get experiments(): readonly PlannedExperiment[] {
    return this.#planned?.experiments ?? []
  }

  /** Throws if the name belongs to another plan: then nothing that has this name is touched. */
  async keepPlan(): Promise<void> {
    const input = this.#input
    const toFreeze = 'plan' in input ? { plan: input.plan } : { sweep: { ...input, withCells: true } }
    try {
      const frozen = await io(this.#limits, 'plan').freezeRun(toFreeze)
      if (!('plan' in input)) {
        this.#planned = plannedByHome(input, frozen)
        this.#view.plan(this.experiments.map(notBegun))
      }
    } catch (error) {
      const ending = endingOf(error)
      this.#view.end(ending)
      throw ending
    }
    this.#tracking.open()
  }

  /** Starts an experiment when it is its turn, unless its arm was stopped or another one failed by then. */
  async begin(experiment: PlannedExperiment): Promise<void> {
    do {
      await condition(() => !this.#pause.paused && this.#hasPlace())
      if (this.#isLeftOut(experiment)) {
        this.#view.heard({ ...notBegun(experiment), state: 'cancelled' })
        return
      }
    } while (!(await this.#children.start(experiment)))
    // Messages may have come while it was being started.
    const id = experimentId(experiment.input)
    if (this.#changes.stopped.has(experiment.arm)) this.#children.cancel(id)
    if (this.#pause.paused) this.#children.tellPause(id, true)
  }

  /** Waits until the result of every experiment is recorded. Some may still wait for MLflow. */
  async everyResult(): Promise<void> {
    await condition(() => this.#children.training === 0)
    refuseCancelled('sweep')
  }

  /** Writes the comparison and the report. */
  async report(): Promise<void> {
    this.#view.reported(await this.#report.write())
  }

  /** Waits until every experiment has ended. */
  async everyEnding(): Promise<void> {
    await this.#children.ended()
    refuseCancelled('sweep')
    await this.#report.addLink()
  }

  /** Ends the run in MLflow. The report gets its link, if that is known only now. */
  async close(): Promise<void> {
    this.#failed = this.#withoutResult()
    const state = this.#failed.length === 0 ? 'done' : 'failed'
    this.#trackingFailure = await this.#tracking.close({ status: state === 'done' ? 'FINISHED' : 'FAILED' })
    this.#view.tracked(this.#tracking.url)
    await this.#report.addLateLink()
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
    this.#view.tracked(this.#tracking.url)
    await this.#report.addLateLink()
  }

  get #limits(): Limits {
    return this.#planned?.outline ?? limitsAtFirst
  }

  get #settings(): SweepOutline['settings'] | undefined {
    return this.#planned?.outline.settings
  }

  /** An experiment that only waits for MLflow does not count. */
  #hasPlace(): boolean {
    const { concurrency = this.#settings?.concurrency ?? 0 } = this.#changes
    return this.#children.training < concurrency
  }

  #isLeftOut({ arm, input }: PlannedExperiment): boolean {
    const stopsAtFailure = this.#settings?.onFailure === 'stop'
    if (stopsAtFailure && this.#withoutResult().some(({ state }) => state === 'failed')) {
      this.#notBegun.add(experimentId(input))
      return true
    }
    return this.#changes.stopped.has(arm)
  }

  /** Experiments that are not done, except those of stopped arms. */
  #withoutResult(): ExperimentProgress[] {
    const { experiments } = this.#view.progress
    return experiments.filter(({ arm, state }) => state !== 'done' && !this.#changes.stopped.has(arm))
  }
}

function notBegun({ input }: PlannedExperiment): ExperimentProgress {
  return notStarted(input)
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
