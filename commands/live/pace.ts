/** What the live view adds to one look: estimates of the time left, from the pace since the watching began. */
import type { RunView } from '../runs/view.js'
import { type Moment, secondsLeft, stepsOf } from './time-left.js'

/** Of the run as a whole, and of each experiment at work. */
export class Pace {
  readonly #since = new Map<string, Moment>()
  #whole: Moment | undefined

  estimate(view: RunView, time: number): RunView {
    const { made, left } = stepsOf(view.experiments)
    this.#whole ??= { time, step: made }
    const whole = secondsLeft({ since: this.#whole, now: { time, step: made }, stepsLeft: left })
    const experiments = view.experiments.map(experiment => {
      const { id, step, steps, state, stage } = experiment
      if (state !== 'running') return experiment
      const began = this.#since.get(id)
      // Counted from the first look that finds it in training: what came before has another pace.
      if (began === undefined) {
        if (stage === 'train') this.#since.set(id, { time, step })
        return experiment
      }
      const seconds = secondsLeft({ since: began, now: { time, step }, stepsLeft: steps - step })
      return seconds === undefined ? experiment : { ...experiment, secondsLeft: seconds }
    })
    return { ...view, experiments, ...(whole === undefined ? {} : { secondsLeft: whole }) }
  }
}
