/** The progress of a sweep in batches: counts, in the query and in the current details. Each batch shows its experiments itself. */
import { isCancellation, setCurrentDetails, setHandler } from '@temporalio/workflow'
import { showSweep } from './attributes.js'
import { noCounts, sumOfCounts } from './batch-counts.js'
import { type BatchState, batchId, type Counts } from './batch-messages.js'
import { progressQuery, type State, type SweepProgress } from './messages.js'
import { held } from './places.js'
import type { SweepBatches } from './sweep-batches.js'

/** Batches in the details. */
const maxRows = 20

export class LargeSweepView {
  readonly progress: SweepProgress
  readonly #batches: SweepBatches

  constructor(name: string, batches: SweepBatches, state: State) {
    this.#batches = batches
    this.progress = { name, state, experiments: [] }
    setHandler(progressQuery, () => this.#told(), {
      description: 'Counts of experiments, and the batches that have them.',
    })
    this.become(state)
  }

  /** Whether it has ended, or is about to. */
  get isOver(): boolean {
    const { state } = this.progress
    return state !== 'running' && state !== 'paused'
  }

  become(state: State): void {
    this.progress.state = state
    if (this.isOver) delete this.progress.onlyTrackingSince
    showSweep(this.progress.name, state)
    this.refresh()
  }

  /** By an error or a cancellation. */
  end(error: unknown): void {
    this.become(isCancellation(error) ? 'cancelled' : 'failed')
  }

  /** The report is written: from here on only MLflow is waited for. */
  reported(path: string): void {
    this.progress.reportPath = path
    this.progress.onlyTrackingSince = Date.now()
    this.refresh()
  }

  tracked(url: string | undefined): void {
    if (url !== undefined) this.progress.trackingUrl = url
  }

  get counts(): Counts {
    const rest = this.#batches.rest.reduce((sum, { from, to }) => sum + to - from, 0)
    const counts = sumOfCounts([...this.#batches.states.map(countsNow), { ...noCounts, waiting: rest }])
    if (!this.isOver) return counts
    // What has not begun when the sweep ends does not wait any more.
    const { waiting, running, cancelled } = counts
    return { ...counts, waiting: 0, running: 0, cancelled: cancelled + waiting + running }
  }

  refresh(): void {
    const { name, trackingUrl, reportPath } = this.progress
    const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
    const numbers = ({ waiting, running, done, failed, cancelled }: Counts) => [
      waiting,
      running,
      done,
      failed,
      cancelled,
    ]
    const open = this.#batches.states.filter(({ ended }) => !ended)
    const rows = open
      .slice(0, maxRows)
      .map(batch =>
        row([`\`${batchId(name, batch.number)}\``, `${batch.from + 1}-${batch.to}`, ...numbers(countsNow(batch))]),
      )
    setCurrentDetails(
      [
        ...(trackingUrl === undefined ? [] : [`[MLflow](${trackingUrl})`, '']),
        ...(reportPath === undefined ? [] : [`Report: \`${reportPath}\``, '']),
        '| batch | experiments | waiting | running | done | failed | cancelled |',
        '| --- | --- | --- | --- | --- | --- | --- |',
        row(['all', '', ...numbers(this.counts)]),
        ...rows,
      ].join('\n'),
    )
  }

  #told(): SweepProgress {
    const { name } = this.progress
    const batches = this.#batches.states.map(({ number, from, to, ended }) => ({
      id: batchId(name, number),
      from,
      to,
      ended,
    }))
    return { ...this.progress, counts: this.counts, batches }
  }
}

/** A batch tells its endings only. Each place that it holds has an experiment, as long as there are so many. */
function countsNow(batch: BatchState): Counts {
  const { from, to, counts, ended } = batch
  if (ended) return counts
  const open = to - from - counts.done - counts.failed - counts.cancelled
  const running = Math.min(held(batch), open)
  return { ...counts, running, waiting: open - running }
}
