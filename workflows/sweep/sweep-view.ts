/** The progress of a sweep: every experiment, in the query and as a table in the current details. */
import { setHandler } from '@temporalio/workflow'
import { stageText } from '../attributes.js'
import { type ExperimentProgress, progressQuery } from '../messages.js'
import { SweepStanding } from './sweep-standing.js'

export class SweepView extends SweepStanding {
  constructor(name: string, experiments: ExperimentProgress[]) {
    super({ name, state: 'running', experiments })
    setHandler(progressQuery, () => ({ ...this.progress }), { description: 'The newest progress of every experiment.' })
    this.become('running')
  }

  /** The experiments of a plan that was read just now. */
  plan(experiments: ExperimentProgress[]): void {
    this.progress.experiments = experiments
    this.refresh()
  }

  /** Experiments that have not begun are shown as cancelled. */
  override end(error: unknown): void {
    for (const experiment of this.progress.experiments) {
      if (experiment.state === 'running') experiment.state = 'cancelled'
    }
    super.end(error)
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

  protected override table(): string[] {
    const percent = (share: number | undefined) => (share === undefined ? '' : `${(100 * share).toFixed(1)}%`)
    const rows = this.progress.experiments.map(experiment => {
      const { arm, seed, step, steps, acc, hAcc, expectedHAcc, trackingUrl } = experiment
      const name = trackingUrl === undefined ? arm : `[${arm}](${trackingUrl})`
      const figures = [percent(acc), percent(hAcc), percent(expectedHAcc)].join(' | ')
      return `| ${name} | ${seed} | ${stageText(experiment)} | ${step} of ${steps} | ${figures} |`
    })
    return [
      '| arm | seed | stage | step | Acc | H-Acc | expected H-Acc |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      ...rows,
    ]
  }
}
