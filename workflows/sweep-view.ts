/** The progress of a sweep: every experiment, in the query and as a table in the current details. */
import { isCancellation, setCurrentDetails, setHandler } from '@temporalio/workflow'
import { showSweep, stageText } from './attributes.js'
import { type ExperimentProgress, progressQuery, type State, type SweepProgress } from './messages.js'

export class SweepView {
  readonly progress: SweepProgress

  constructor(name: string, experiments: ExperimentProgress[]) {
    this.progress = { name, state: 'running', experiments }
    setHandler(progressQuery, () => ({ ...this.progress }), { description: 'The newest progress of every experiment.' })
    this.become('running')
  }

  /** The experiments of a plan that was read just now. */
  plan(experiments: ExperimentProgress[]): void {
    this.progress.experiments = experiments
    this.refresh()
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

  /** By an error or a cancellation. Experiments that have not begun are shown as cancelled. */
  end(error: unknown): void {
    for (const experiment of this.progress.experiments) {
      if (experiment.state === 'running') experiment.state = 'cancelled'
    }
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

  heard(news: ExperimentProgress): void {
    const index = this.progress.experiments.findIndex(({ arm, seed }) => arm === news.arm && seed === news.seed)
    if (index >= 0) this.progress.experiments[index] = news
    this.refresh()
  }

  experiment({ arm, seed }: Pick<ExperimentProgress, 'arm' | 'seed'>): ExperimentProgress {
    return this.progress.experiments.find(
      experiment => experiment.arm === arm && experiment.seed === seed,
    ) as ExperimentProgress
  }

  refresh(): void {
    const percent = (share: number | undefined) => (share === undefined ? '' : `${(100 * share).toFixed(1)}%`)
    const rows = this.progress.experiments.map(experiment => {
      const { arm, seed, step, steps, acc, hAcc, expectedHAcc, trackingUrl } = experiment
      const name = trackingUrl === undefined ? arm : `[${arm}](${trackingUrl})`
      const figures = [percent(acc), percent(hAcc), percent(expectedHAcc)].join(' | ')
      return `| ${name} | ${seed} | ${stageText(experiment)} | ${step} of ${steps} | ${figures} |`
    })
    const { trackingUrl, reportPath } = this.progress
    setCurrentDetails(
      [
        ...(trackingUrl === undefined ? [] : [`[MLflow](${trackingUrl})`, '']),
        ...(reportPath === undefined ? [] : [`Report: \`${reportPath}\``, '']),
        '| arm | seed | stage | step | Acc | H-Acc | expected H-Acc |',
        '| --- | --- | --- | --- | --- | --- | --- |',
        ...rows,
      ].join('\n'),
    )
  }
}
