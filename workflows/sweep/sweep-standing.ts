/** What the progress of every sweep shows, small or large: its state, its report, its run in MLflow. The rows differ. */
import { isCancellation, setCurrentDetails } from '@temporalio/workflow'
import { showSweep } from '../attributes.js'
import type { State, SweepProgress } from '../messages.js'

export abstract class SweepStanding {
  readonly progress: SweepProgress

  constructor(progress: SweepProgress) {
    this.progress = progress
  }

  /** Header, rule and rows of the table in the current details. */
  protected abstract table(): string[]

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

  refresh(): void {
    const { trackingUrl, reportPath } = this.progress
    setCurrentDetails(
      [
        ...(trackingUrl === undefined ? [] : [`[MLflow](${trackingUrl})`, '']),
        ...(reportPath === undefined ? [] : [`Report: \`${reportPath}\``, '']),
        ...this.table(),
      ].join('\n'),
    )
  }
}
