/** What the live view adds to one look: estimates of the time left, from the pace since the watching began. */
import { given } from '../../pipelines/given.js'
import type { Work } from '../plan/cost.js'
import type { RunView } from '../runs/run-view.js'
import { type Moment, type Part, partsOf, secondsLeft } from './time-left.js'

/** Milliseconds. What is whole so soon after it was first seen at work was in the store already: nobody made it. */
const found = 5_000

/** Of the run as a whole, and of each experiment at work. */
export class Pace {
  readonly #work: ReadonlyMap<string, Work> | undefined
  readonly #since = new Map<string, Moment>()
  /** When a part was first seen at work. */
  readonly #begun = new Map<string, number>()
  /** Parts that were seen half made. */
  readonly #made = new Set<string>()
  readonly #found = new Set<string>()
  #whole: Moment | undefined

  constructor(work?: ReadonlyMap<string, Work>) {
    this.#work = work
  }

  estimate(view: RunView, time: number): RunView {
    const whole = this.#wholeLeft(partsOf(view.experiments, this.#work), time)
    const experiments = view.experiments.map(experiment => {
      const { id, step, steps, state, stage, answered } = experiment
      if (state !== 'running') return experiment
      if (steps === 0) return { ...experiment, ...given({ secondsLeft: this.#evaluationLeft(id, answered, time) }) }
      const began = this.#since.get(id)
      // Counted from the first look that finds it in training: what came before has another pace.
      if (began === undefined) {
        if (stage === 'train') this.#since.set(id, { time, made: step })
        return experiment
      }
      const seconds = secondsLeft({ since: began, now: { time, made: step }, left: steps - step })
      return seconds === undefined ? experiment : { ...experiment, secondsLeft: seconds }
    })
    return { ...view, experiments, ...given({ secondsLeft: whole }) }
  }

  /** Of an evaluation without training, by its responses since they were first counted. */
  #evaluationLeft(id: string, answered: { done: number; of: number } | undefined, time: number): number | undefined {
    if (answered === undefined) return undefined
    const { done, of } = answered
    const since = this.#since.get(id)
    if (since === undefined) this.#since.set(id, { time, made: done })
    return since === undefined ? undefined : secondsLeft({ since, now: { time, made: done }, left: of - done })
  }

  #wholeLeft(parts: readonly Part[], time: number): number | undefined {
    for (const part of parts) this.#tellFound(part, time)
    const made = sum(parts.map(part => (this.#found.has(part.id) ? 0 : part.size * part.made)))
    const left = sum(parts.map(part => (part.isOpen ? part.size * (1 - part.made) : 0)))
    this.#whole ??= { time, made }
    return secondsLeft({ since: this.#whole, now: { time, made }, left })
  }

  #tellFound({ id, made, hasBegun }: Part, time: number): void {
    if (!hasBegun) return
    const begun = this.#begun.get(id) ?? time
    this.#begun.set(id, begun)
    if (made > 0 && made < 1) this.#made.add(id)
    if (made === 1 && !this.#made.has(id) && time - begun < found) this.#found.add(id)
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
