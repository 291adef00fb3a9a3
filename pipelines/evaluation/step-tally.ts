/** Sums over the metrics of training steps from which a run's alarms are decided. Steps are added one by one as they are made. */
import type { StepMetrics } from '../training/step-metrics.js'

/** Of the metrics of a step, each a share in [0, 1]. */
const tallied = {
  skipped: 'update/skipped',
  degenerate: 'groups/degenerate',
  finished: 'rollout/finished',
  correct: 'verdict/correct',
  unscored: 'verdict/unscored',
} as const

type Tallied = keyof typeof tallied

/** As the result of an experiment keeps it. */
export interface StoredTally {
  steps: number
  /** Of the steps that have the metric. */
  sums: { [Name in Tallied]?: { sum: number; steps: number } }
}

export class StepTally {
  readonly #tally: StoredTally

  constructor({ steps, sums }: StoredTally = { steps: 0, sums: {} }) {
    this.#tally = { steps, sums: { ...sums } }
  }

  static of(metrics: readonly StepMetrics[]): StepTally {
    const tally = new StepTally()
    for (const step of metrics) tally.add(step)
    return tally
  }

  get steps(): number {
    return this.#tally.steps
  }

  add({ values }: Pick<StepMetrics, 'values'>): void {
    this.#tally.steps++
    for (const [name, key] of Object.entries(tallied) as [Tallied, string][]) {
      const value = values[key]
      if (value === undefined) continue
      const before = this.#tally.sums[name] ?? { sum: 0, steps: 0 }
      this.#tally.sums[name] = { sum: before.sum + value, steps: before.steps + 1 }
    }
  }

  /** Mean over the steps; undefined if no step has it. */
  share(name: Tallied): number | undefined {
    const found = this.#tally.sums[name]
    return found === undefined ? undefined : found.sum / found.steps
  }

  toJSON(): StoredTally {
    return this.#tally
  }
}
