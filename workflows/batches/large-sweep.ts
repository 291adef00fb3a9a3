/**
 * A sweep of many experiments: in batches (sweep-batch.ts), each a child workflow that starts and follows some of them. Small sweeps start
 * theirs themselves (../sweep-stages.ts): a workflow less, and one page with every experiment.
 */
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  ContinueAsNew,
  condition,
  continueAsNew,
  isCancellation,
  setHandler,
} from '@temporalio/workflow'
import type { SweepOutline } from '../../pipelines/config/sweep-outline.js'
import { given } from '../../pipelines/given.js'
import { io } from '../activity-options.js'
import { endingOf, refuseCancelled } from '../cancellation.js'
import { type Limits, limitsAtFirst } from '../limits.js'
import type { SweepInHome, SweepResult, SweepWorkflow } from '../messages.js'
import { type PauseSwitch, pauseSwitch } from '../pause.js'
import { type ReportWriter, reportWriter } from '../report.js'
import { historyIsLong } from '../segments.js'
import { type Changes, changesWhileItRuns } from '../sweep/sweep-changes.js'
import { type Tracking, trackBeside } from '../tracking.js'
import { type BatchShape, newsSignal } from './batch-messages.js'
import { LargeSweepView } from './large-sweep-view.js'
import { SweepBatches, type Wishes } from './sweep-batches.js'

/** Fails, after the report, if an experiment failed. */
export async function largeSweep(input: SweepInHome, shape: BatchShape): Promise<SweepResult> {
  const stages = new LargeSweep(input, shape)
  await stages.keepPlan()
  try {
    await stages.everyResult()
    await stages.report()
    await stages.everyEnding()
    await stages.close()
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error
    const ending = endingOf(error)
    await CancellationScope.nonCancellable(() => stages.abandon(ending))
    throw ending
  }
  return stages.result()
}

class LargeSweep {
  readonly #input: SweepInHome
  readonly #shape: BatchShape
  readonly #view: LargeSweepView
  readonly #batches: SweepBatches
  readonly #tracking: Tracking
  readonly #report: ReportWriter
  readonly #pause: PauseSwitch
  readonly #changes: Changes
  #outline: SweepOutline | undefined
  #trackingFailure: string | undefined

  /** Takes messages from here on. */
  constructor(input: SweepInHome, shape: BatchShape) {
    const { name, digest, carried } = input
    const limits = () => this.#limits
    const tracking = trackBeside({ subject: { kind: 'sweep', name }, limits }, carried)
    this.#input = input
    this.#shape = shape
    this.#outline = carried?.outline
    this.#tracking = tracking
    this.#report = reportWriter({ name, limits, tracking, summary: 'comparison and report' })
    this.#batches = new SweepBatches({
      reference: { name, digest },
      shape,
      limits,
      wishes: () => this.#wishes,
      onNews: () => {
        this.#view.tracked(tracking.url)
        this.#view.refresh()
      },
    })
    this.#view = new LargeSweepView(name, this.#batches, carried?.paused === true ? 'paused' : 'running')
    this.#pause = pauseSwitch({
      ...given({ paused: carried?.paused }),
      onSignal: paused => {
        if (this.#view.isOver) return
        this.#view.become(paused ? 'paused' : 'running')
        tracking.show(paused ? 'SCHEDULED' : 'RUNNING')
      },
    })
    // The batches hear of it with the next steering.
    this.#changes = changesWhileItRuns({ outline: () => this.#outline, onStop() {}, ...given({ carried }) })
    if (carried !== undefined) this.#batches.carry(carried.batches, carried.rest)
    setHandler(newsSignal, news => this.#batches.heard(news))
    this.#pause.listen()
  }

  /** Throws if the name belongs to another plan: then nothing that has this name is touched. */
  async keepPlan(): Promise<void> {
    const { name, digest, carried } = this.#input
    if (carried === undefined) {
      try {
        const sweep = { name, digest, withCells: false }
        const { outline } = await io(this.#limits, 'plan').freezeRun({ sweep })
        if (outline === undefined) throw new Error('the plan was read without its outline')
        this.#outline = outline
        this.#batches.plan(outline.cells)
        this.#view.refresh()
      } catch (error) {
        const ending = endingOf(error)
        this.#view.end(ending)
        throw ending
      }
    }
    this.#tracking.open()
    if (this.#pause.paused) this.#tracking.show('SCHEDULED')
  }

  /** Waits until the result of every experiment is recorded. Throws ContinueAsNew if the history becomes long before. */
  async everyResult(): Promise<void> {
    await this.#batches.run(() => historyIsLong(this.#shape.maxEvents))
    if (this.#batches.areOpen) await this.#renew()
    refuseCancelled('sweep')
  }

  /** Writes the comparison and the report. */
  async report(): Promise<void> {
    this.#view.reported(await this.#report.write())
  }

  /** Waits until every batch has ended. */
  async everyEnding(): Promise<void> {
    await condition(() => this.#batches.haveEnded)
    refuseCancelled('sweep')
    await this.#report.addLink()
  }

  /** Ends the run in MLflow. The report gets its link, if that is known only now. */
  async close(): Promise<void> {
    const state = this.#lost === 0 ? 'done' : 'failed'
    this.#trackingFailure = await this.#tracking.close({ status: state === 'done' ? 'FINISHED' : 'FAILED' })
    this.#view.tracked(this.#tracking.url)
    await this.#report.addLateLink()
    this.#view.become(state)
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished))
  }

  /** After `close`. Throws if an experiment failed. */
  result(): SweepResult {
    if (this.#lost > 0) throw this.#failure()
    const { name, reportPath, trackingUrl } = this.#view.progress
    const ofExperiment = this.#batches.states.find(batch => batch.trackingFailure !== undefined)?.trackingFailure
    const trackingFailure = this.#trackingFailure ?? ofExperiment
    return { name, experiments: [], counts: this.#view.counts, ...given({ reportPath, trackingUrl, trackingFailure }) }
  }

  /** After a failure or a cancellation: waits for the experiments to end, and ends the run in MLflow. */
  async abandon(error: unknown): Promise<void> {
    await this.#batches.cancel()
    this.#view.end(error)
    await this.#tracking.close({ status: isCancellation(error) ? 'KILLED' : 'FAILED' })
    this.#view.tracked(this.#tracking.url)
    await this.#report.addLateLink()
  }

  get #limits(): Limits {
    return this.#outline ?? limitsAtFirst
  }

  get #wishes(): Wishes {
    const settings = this.#outline?.settings
    const haltsAtFailure = settings?.onFailure === 'stop'
    return {
      concurrency: this.#changes.concurrency ?? settings?.concurrency ?? 0,
      paused: this.#pause.paused,
      stopped: [...this.#changes.stopped],
      haltsAtFailure,
      halted: haltsAtFailure && this.#lost > 0,
    }
  }

  /** Experiments without a result, except those of arms that were stopped and those that were not begun because of an earlier failure. */
  get #lost(): number {
    const { stopped } = this.#changes
    return this.#batches.states.reduce((sum, { lost: { arms, unknown = 0 } }) => {
      const ofArms = Object.entries(arms).map(([arm, count]) => (stopped.has(arm) ? 0 : count))
      return sum + unknown + ofArms.reduce((total, count) => total + count, 0)
    }, 0)
  }

  async #renew(): Promise<never> {
    const { carried: before, ...input } = this.#input
    await condition(() => this.#batches.areSettled)
    await this.#tracking.settle()
    await condition(() => allHandlersFinished() && this.#batches.areSettled)
    const { concurrency, stopped } = this.#changes
    const { states: batches, rest } = this.#batches
    const outline = this.#outline ?? before?.outline
    if (outline === undefined) throw new Error('a sweep has batches before its plan is read')
    const carried = {
      ...{ outline, batches, rest, stopped: [...stopped], paused: this.#pause.paused },
      ...this.#tracking.tracked,
      ...given({ concurrency }),
    }
    return continueAsNew<SweepWorkflow>({ ...input, carried })
  }

  #failure(): ApplicationFailure {
    const { states, rest } = this.#batches
    const ranges = rest.reduce((sum, { from, to }) => sum + to - from, 0)
    const notBegun = states.reduce((sum, { lost }) => sum + lost.notBegun, ranges)
    const left = notBegun === 0 ? '' : `; ${notBegun} were not begun, because the sweep stops at the first failure`
    const examples = states.flatMap(({ lost }) => lost.examples).slice(0, maxExamples)
    return ApplicationFailure.nonRetryable(
      `${this.#lost} of ${this.#outline?.cells} experiments failed, as ${examples.join('; ')}${left}`,
      'ExperimentsFailed',
    )
  }
}

/** Failures in the sentence about all. */
const maxExamples = 10
