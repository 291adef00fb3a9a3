/**
 * The batches of a large sweep: starts one when the others have experiments for fewer places than there are, lends them the places, and
 * tells them what a person wants. A batch goes on when the sweep continues as new, so everything of it is heard by messages.
 */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow'
import type { SweepReference } from '../../activities/store/runs/frozen-sweep.js'
import { given } from '../../pipelines/given.js'
import { refuseCancelled } from '../cancellation.js'
import type { Limits } from '../limits.js'
import { ownWorkflowId } from '../own-names.js'
import { noCounts, nothingLost } from './batch-counts.js'
import {
  type BatchNews,
  type BatchShape,
  type BatchState,
  type BatchWorkflow,
  batchId,
  type Range,
  type Steering,
  steerSignal,
} from './batch-messages.js'
import { divide } from './places.js'

/** What a person wants, and what came of the experiments so far. */
export interface Wishes extends Omit<Steering, 'granted' | 'limit'> {
  concurrency: number
}

/** Time after which a batch that an earlier run of the sweep started is asked whether it is still there. */
const asksEvery = '10 minutes'

export class SweepBatches {
  readonly #reference: SweepReference
  readonly #shape: BatchShape
  readonly #wishes: () => Wishes
  readonly #limits: () => Limits
  readonly #onNews: () => void
  #batches: BatchState[] = []
  /** Experiments that no batch has, in order. */
  #rest: Range[] = []
  /** Messages that are being sent. */
  #sending = 0

  constructor(options: {
    reference: SweepReference
    shape: BatchShape
    wishes: () => Wishes
    limits: () => Limits
    onNews: () => void
  }) {
    this.#reference = options.reference
    this.#shape = options.shape
    this.#wishes = options.wishes
    this.#limits = options.limits
    this.#onNews = options.onNews
  }

  get states(): readonly BatchState[] {
    return this.#batches
  }

  get rest(): readonly Range[] {
    return this.#rest
  }

  /** Nothing has begun yet. */
  plan(cells: number): void {
    for (let from = 0; from < cells; from += this.#shape.cells)
      this.#rest.push({ from, to: Math.min(cells, from + this.#shape.cells) })
  }

  /** As the run of the sweep before left them. */
  carry(batches: readonly BatchState[], rest: readonly Range[]): void {
    this.#batches = batches.map(batch => ({ ...batch }))
    this.#rest = rest.map(range => ({ ...range }))
    const open = this.#batches.filter(({ ended }) => !ended)
    for (const batch of open) void this.#steer(batch.number)
    if (open.length > 0) void this.#ask(open.map(({ number }) => number))
  }

  /** Whether an experiment has no result yet. */
  get areOpen(): boolean {
    const { halted } = this.#wishes()
    return (!halted && this.#rest.length > 0) || this.#batches.some(({ ended, open }) => !ended && open > 0)
  }

  /** No message is on its way. */
  get areSettled(): boolean {
    return this.#sending === 0
  }

  get haveEnded(): boolean {
    return this.#batches.every(({ ended }) => ended)
  }

  /** Starts batches as there is room, until `until` holds or no experiment is without a result. */
  async run(until: () => boolean): Promise<void> {
    while (this.areOpen && !until()) {
      refuseCancelled('sweep')
      const first = this.#rest[0]
      const left = this.#divide()
      const { paused, halted } = this.#wishes()
      if (first !== undefined && left > 0 && !paused && !halted) await this.#start(first, left)
      else await condition(() => until() || !this.areOpen || this.#mayStart())
    }
  }

  /** Cancels those that run, and waits for their ends. */
  async cancel(): Promise<void> {
    for (const { number, ended } of this.#batches) {
      if (ended) continue
      void getExternalWorkflowHandle(ownWorkflowId(this.#id(number)))
        .cancel()
        .catch(() => this.#lose(number))
    }
    await condition(() => this.haveEnded)
  }

  /** Takes a message of a batch. One of an earlier sweep of this name is ignored. */
  heard(news: BatchNews): void {
    const batch = this.#batches.find(({ number }) => number === news.number)
    if (batch === undefined || batch.ended || news.sweepRun !== workflowInfo().firstExecutionRunId) return
    const { counts, lost, trackingFailure, ended, open, next, failure } = news
    if (next !== undefined && next < batch.to) {
      this.#rest.unshift({ from: next, to: batch.to })
      batch.to = next
    }
    Object.assign(batch, { counts, lost, ended, open, ...given({ trackingFailure }) })
    batch.returned = ended ? batch.granted : news.returned
    if (ended) this.#countMissing(batch, failure)
    this.#divide()
    this.#onNews()
  }

  /** Lends the places that are free. Gives the number of those that no batch can use. */
  #divide(): number {
    const open = this.#batches.filter(({ ended }) => !ended)
    const { batches, left } = divide(this.#wishes().concurrency, open)
    for (const [index, { limit, granted }] of batches.entries()) Object.assign(open[index] ?? {}, { limit, granted })
    return left
  }

  #mayStart(): boolean {
    const { paused, halted } = this.#wishes()
    return this.#divide() > 0 && this.#rest.length > 0 && !paused && !halted
  }

  /** If the id is taken, because a batch of an earlier sweep of this name is still ending, waits 2 seconds; the caller tries again. */
  async #start(range: Range, places: number): Promise<void> {
    const number = (this.#batches.at(-1)?.number ?? 0) + 1
    const granted = Math.min(places, range.to - range.from)
    const share = { granted, returned: 0, limit: granted, open: range.to - range.from }
    const state: BatchState = {
      ...{ number, ...range, ...share, ended: false, lost: nothingLost, sent: '' },
      counts: { ...noCounts, waiting: range.to - range.from },
    }
    const steering = this.#steeringOf(state)
    state.sent = JSON.stringify(steering)
    this.#rest.shift()
    this.#batches.push(state)
    try {
      const child = await CancellationScope.nonCancellable(() =>
        startChild<BatchWorkflow>('sweepBatch', {
          workflowId: ownWorkflowId(this.#id(number)),
          args: [
            {
              ...this.#reference,
              ...range,
              ...{ number, maxEvents: this.#shape.maxEvents, sweepRun: workflowInfo().firstExecutionRunId },
              ...{ limits: this.#limits(), steering },
            },
          ],
          // It outlives this run of the sweep, which may continue as new.
          parentClosePolicy: ParentClosePolicy.ABANDON,
          staticSummary: `experiments ${range.from + 1}-${range.to}`,
        }),
      )
      child.result().then(
        () => this.#lose(number),
        () => this.#lose(number),
      )
      void this.#steer(number)
      this.#onNews()
    } catch (error) {
      this.#batches.pop()
      this.#rest.unshift(range)
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
      log.warn('the batch of an earlier sweep has not ended', { workflowId: this.#id(number) })
      await sleep('2 seconds')
    }
  }

  /** Sends a batch what is wanted of it whenever that changes, one message after the other, until it has ended. */
  async #steer(number: number): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      const batch = () => this.#batches.find(one => one.number === number)
      for (;;) {
        await condition(() => batch()?.ended !== false || batch()?.sent !== JSON.stringify(this.#steeringOf(batch())))
        const now = batch()
        if (now === undefined || now.ended) return
        const steering = this.#steeringOf(now)
        now.sent = JSON.stringify(steering)
        this.#sending++
        try {
          await getExternalWorkflowHandle(ownWorkflowId(this.#id(number))).signal(steerSignal, steering)
        } catch {
          this.#lose(number)
        } finally {
          this.#sending--
        }
      }
    })
  }

  /** The end of a batch that an earlier run of the sweep started is heard only from the batch, which somebody may have terminated. */
  async #ask(numbers: readonly number[]): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      for (;;) {
        await sleep(asksEvery)
        const open = this.#batches.filter(({ number, ended }) => numbers.includes(number) && !ended)
        if (open.length === 0) return
        for (const batch of open) batch.sent = ''
      }
    })
  }

  #steeringOf(batch: BatchState | undefined): Steering {
    const { concurrency: _concurrency, ...wishes } = this.#wishes()
    return { granted: batch?.granted ?? 0, limit: batch?.limit ?? 0, ...wishes }
  }

  /** A batch that ended without a last message. */
  #lose(number: number): void {
    const batch = this.#batches.find(one => one.number === number)
    if (batch === undefined || batch.ended) return
    log.warn('a batch has ended without a word', { workflowId: this.#id(number) })
    Object.assign(batch, { ended: true, open: 0, returned: batch.granted })
    this.#countMissing(batch, `its batch ${this.#id(number)} was ended by hand`)
    this.#divide()
    this.#onNews()
  }

  /** Experiments of a batch that has ended of which it did not tell how they ended. Without a reason it was cancelled. */
  #countMissing(batch: BatchState, reason?: string): void {
    const { from, to, counts, lost } = batch
    const missing = to - from - counts.done - counts.failed - counts.cancelled
    if (missing <= 0) return
    const state = reason === undefined ? 'cancelled' : 'failed'
    batch.counts = { ...counts, waiting: 0, running: 0, [state]: counts[state] + missing }
    const example = `${missing} of experiments ${from + 1}-${to} (${reason ?? 'their batch was cancelled'})`
    batch.lost = { ...lost, examples: [...lost.examples, example], unknown: (lost.unknown ?? 0) + missing }
  }

  #id(number: number): string {
    return batchId(this.#reference.name, number)
  }
}
