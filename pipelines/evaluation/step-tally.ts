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

export class StepTally {
  steps = 0
  readonly #sums = new Map<Tallied, { sum: number; steps: number }>()

  static of(metrics: readonly StepMetrics[]): StepTally {
    const tally = new StepTally()
    for (const step of metrics) tally.add(step)
    return tally
  }

  add({ values }: Pick<StepMetrics, 'values'>): void {
    this.steps++
    for (const [name, key] of Object.entries(tallied) as [Tallied, string][]) {
      const value = values[key]
      if (value === undefined) continue
      const before = this.#sums.get(name) ?? { sum: 0, steps: 0 }
      this.#sums.set(name, { sum: before.sum + value, steps: before.steps + 1 })
    }
  }

  /** Mean over the steps; undefined if no step has it. */
  share(name: Tallied): number | undefined {
    const found = this.#sums.get(name)
    return found === undefined ? undefined : found.sum / found.steps
  }
}
