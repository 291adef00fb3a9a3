/** The progress of a sweep in batches: counts, in the query and in the current details. Each batch shows its experiments itself. */
import { setHandler } from '@temporalio/workflow'
import { progressQuery, type State, type SweepProgress } from '../messages.js'
import { SweepStanding } from '../sweep/sweep-standing.js'
import { noCounts, sumOfCounts } from './batch-counts.js'
import { type BatchState, batchId, type Counts } from './batch-messages.js'
import { held } from './places.js'
import type { SweepBatches } from './sweep-batches.js'

/** Batches in the details. */
const maxRows = 20

export class LargeSweepView extends SweepStanding {
  readonly #batches: SweepBatches

  constructor(name: string, batches: SweepBatches, state: State) {
    super({ name, state, experiments: [] })
    this.#batches = batches
    setHandler(progressQuery, () => this.#told(), {
      description: 'Counts of experiments, and the batches that have them.',
    })
    this.become(state)
  }

  get counts(): Counts {
    const rest = this.#batches.rest.reduce((sum, { from, to }) => sum + to - from, 0)
    const counts = sumOfCounts([...this.#batches.states.map(countsNow), { ...noCounts, waiting: rest }])
    if (!this.isOver) return counts
    // What has not begun when the sweep ends does not wait any more.
    const { waiting, running, cancelled } = counts
    return { ...counts, waiting: 0, running: 0, cancelled: cancelled + waiting + running }
  }

  protected override table(): string[] {
    const { name } = this.progress
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
    return [
      '| batch | experiments | waiting | running | done | failed | cancelled |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      row(['all', '', ...numbers(this.counts)]),
      ...rows,
    ]
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
