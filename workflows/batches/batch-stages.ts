/** The stages of a batch, as sweep-batch.ts calls them one after the other. */
import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setHandler,
} from '@temporalio/workflow'
import { innermostMessage } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { io } from '../activity-options.js'
import { refuseCancelled } from '../cancellation.js'
import { type ExperimentProgress, experimentId, movedSignal } from '../messages.js'
import { ownWorkflowId } from '../own-names.js'
import { historyIsLong } from '../segments.js'
import { notStarted, SweepExperiments } from '../sweep/sweep-experiments.js'
import { type PlannedExperiment, plannedCells } from '../sweep/sweep-plan.js'
import { SweepView } from '../sweep/sweep-view.js'
import { countsOf, lostOf } from './batch-counts.js'
import { type BatchInput, type BatchNews, newsSignal, type Steering, steerSignal } from './batch-messages.js'
import { surplus } from './places.js'

/** News of experiments that ended well are told so many times. */
const reports = 10

export class BatchStages {
  /** In the order in which they start. */
  experiments: readonly PlannedExperiment[] = []
  readonly #input: BatchInput
  readonly #view: SweepView
  readonly #children: SweepExperiments
  readonly #notBegun = new Set<string>()
  #steering: Steering
  /** How many were begun or left out. */
  #begun = 0
  #returned = 0
  /** The news that were sent last. */
  #told: BatchNews | undefined
  #given = false
  /** The sweep does not exist any more. */
  #orphaned = false
  #ending = false
  #failure: string | undefined
  #telling: Promise<void> = Promise.resolve()

  /** Takes messages from here on. */
  constructor(input: BatchInput) {
    const view = new SweepView(input.name, [])
    const children = new SweepExperiments(view)
    this.#input = input
    this.#view = view
    this.#children = children
    this.#steering = input.steering
    setHandler(steerSignal, steering => this.#steer(steering))
    setHandler(movedSignal, ({ progress, trained }) => children.heard(progress, { trained }))
  }

  /** Whether its history is so long that the experiments that it has not begun go back to the sweep. */
  get isLong(): boolean {
    // One that was given no place yet could go on like this without end.
    return this.#begun > 0 && historyIsLong(this.#input.maxEvents)
  }

  async readCells(): Promise<void> {
    const { name, digest, from, to, number, limits } = this.#input
    const cells = await io(limits, `experiments ${from + 1}-${to}`).readCells({ name, digest, from, to })
    this.experiments = plannedCells({ name, digest }, cells, { batch: number })
    this.#view.plan(this.experiments.map(({ input }) => notStarted(input)))
    this.#telling = CancellationScope.nonCancellable(() => this.#tell())
  }

  /** Starts an experiment when there is a place for it, unless it is left out by then. */
  async begin(experiment: PlannedExperiment): Promise<void> {
    const id = experimentId(experiment.input)
    do {
      await condition(() => this.#isLeftOut(experiment) || this.#hasPlace() || this.#orphaned)
      this.#refuseOrphaned()
      if (this.#isLeftOut(experiment)) {
        if (!this.#steering.stopped.includes(experiment.arm)) this.#notBegun.add(id)
        this.#view.heard({ ...notStarted(experiment.input), state: 'cancelled' })
        this.#begun++
        return
      }
    } while (!(await this.#children.start(experiment)))
    this.#begun++
    // Steering may have come while it was being started.
    if (this.#steering.stopped.includes(experiment.arm)) this.#children.cancel(id)
    if (this.#steering.paused) this.#children.tellPause(id, true)
  }

  /** Waits until every experiment that was begun has ended. */
  async everyEnding(): Promise<void> {
    this.#given = this.#begun < this.experiments.length
    await condition(() => this.#children.ids().length === 0 || this.#orphaned)
    this.#refuseOrphaned()
    refuseCancelled('batch')
  }

  async close(): Promise<void> {
    await CancellationScope.nonCancellable(() => this.#end())
    this.#view.become(this.#view.progress.experiments.some(({ state }) => state === 'failed') ? 'failed' : 'done')
  }

  /** After a failure or a cancellation: waits for the experiments to end, and tells the sweep. */
  async abandon(error: unknown): Promise<void> {
    if (!isCancellation(error)) this.#failure = innermostMessage(error)
    if (this.#orphaned) for (const id of this.#children.ids()) this.#children.cancel(id)
    await this.#children.ended()
    this.#view.end(error)
    await this.#end()
  }

  #steer(steering: Steering): void {
    const before = this.#steering
    this.#steering = steering
    for (const arm of steering.stopped) {
      if (!before.stopped.includes(arm)) for (const id of this.#children.ids({ arm })) this.#children.cancel(id)
    }
    if (steering.paused === before.paused || this.#view.isOver) return
    this.#view.become(steering.paused ? 'paused' : 'running')
    for (const id of this.#children.ids()) this.#children.tellPause(id, steering.paused)
  }

  #hasPlace(): boolean {
    const { granted, limit, paused } = this.#steering
    return !paused && this.#children.training < Math.min(granted - this.#returned, limit)
  }

  #isLeftOut({ arm }: PlannedExperiment): boolean {
    const { stopped, halted, haltsAtFailure } = this.#steering
    return halted || stopped.includes(arm) || (haltsAtFailure && this.#hasFailed())
  }

  #hasFailed(): boolean {
    const { stopped } = this.#steering
    return this.#view.progress.experiments.some(({ arm, state }) => state === 'failed' && !stopped.includes(arm))
  }

  #refuseOrphaned(): void {
    if (this.#orphaned) throw new CancelledFailure('the sweep of this batch does not exist any more')
  }

  /** Experiments without a result, except those that were given back or will be left out. */
  get #open(): number {
    const rest = this.#given ? [] : this.experiments.slice(this.#begun)
    return this.#children.training + rest.filter(experiment => !this.#isLeftOut(experiment)).length
  }

  get #surplus(): number {
    const { granted, limit } = this.#steering
    return surplus({ granted, limit, returned: this.#returned, open: this.#open, training: this.#children.training })
  }

  #news({ ended }: { ended: boolean }): BatchNews {
    const { sweepRun, number, from } = this.#input
    const whole = this.#view.progress.experiments
    const experiments = this.#given ? whole.slice(0, this.#begun) : whole
    const notBegun = ({ name, arm, seed }: ExperimentProgress) =>
      this.#notBegun.has(experimentId({ name, arm, seed, sweep: { name, follow: false } }))
    const trackingFailure = experiments.find(one => one.trackingFailure !== undefined)?.trackingFailure
    return {
      ...{ sweepRun, number, returned: this.#returned, open: ended ? 0 : this.#open, ended },
      counts: countsOf(experiments, this.#begun),
      lost: lostOf(experiments, notBegun),
      ...given({ failure: this.#failure, trackingFailure, next: this.#given ? from + this.#begun : undefined }),
    }
  }

  /** What the sweep must know at once: free places, and a failure if it stops at one. The rest it hears now and then. */
  #isDue(): boolean {
    const told = this.#told
    if (this.#surplus > 0) return true
    if (this.#open === 0 && told?.open !== 0) return true
    if (this.#given && told?.next === undefined) return true
    const { counts, lost } = this.#news({ ended: false })
    const failed = this.#steering.haltsAtFailure && Object.keys(lost.arms).length > 0
    if (failed && Object.keys(told?.lost.arms ?? {}).length === 0) return true
    const ended = ({ done, failed, cancelled }: BatchNews['counts']) => done + failed + cancelled
    const before = told === undefined ? 0 : ended(told.counts)
    return ended(counts) - before >= Math.max(1, Math.ceil(this.experiments.length / reports))
  }

  /** One message after the other: the server may reorder two that are sent at the same time. */
  async #tell(): Promise<void> {
    for (;;) {
      await condition(() => this.#ending || this.#isDue())
      if (this.#ending || this.#orphaned) return
      await this.#send({ ended: false })
    }
  }

  async #end(): Promise<void> {
    this.#ending = true
    await this.#telling
    if (!this.#orphaned) await this.#send({ ended: true })
    await condition(allHandlersFinished)
  }

  async #send({ ended }: { ended: boolean }): Promise<void> {
    this.#returned += this.#surplus
    const news = this.#news({ ended })
    this.#told = news
    try {
      await getExternalWorkflowHandle(ownWorkflowId(this.#input.name)).signal(newsSignal, news)
    } catch (error) {
      log.warn('the sweep of this batch does not exist any more', { error: String(error) })
      this.#orphaned = true
    }
  }
}
