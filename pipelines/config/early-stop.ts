/**
 * When training ends before its last step: a metric of the evaluations did not rise for so many of them in a row. Pure, so that a
 * workflow that is replayed or started again decides the same from the same evaluations.
 */
import type { ExperimentConfig } from './schema.js'

export type EarlyStopRule = NonNullable<ExperimentConfig['evaluation']['earlyStop']>

/** Value of the metric in one evaluation, a share. */
export interface Measured {
  step: number
  value: number
}

export interface StoppedEarly {
  /** The step after which training ended. */
  step: number
  metric: EarlyStopRule['metric']
  /** The evaluation that nothing rose above. */
  best: Measured
  /** Evaluations after it. */
  evaluations: number
}

/** The figures that a rule can name, greedy and expected. */
interface Figures {
  acc: number
  hAcc: number
  expectedAcc: number
  expectedHAcc: number
}

/** Shares are sums of many values: what is less than this is no rise. (points) */
const rounding = 1e-9

export function figureOf(figures: Figures, metric: EarlyStopRule['metric']): number {
  switch (metric) {
    case 'acc':
      return figures.acc
    case 'h-acc':
      return figures.hAcc
    case 'expected-acc':
      return figures.expectedAcc
    case 'expected-h-acc':
      return figures.expectedHAcc
    default:
      return metric satisfies never
  }
}

/**
 * Whether training ends after the last of these evaluations, which are in order of steps and begin before training. An evaluation rises if
 * its value is more than `minChange` points above the best so far, and is then the best.
 */
export function stoppedEarly(
  { metric, patience, minChange }: EarlyStopRule,
  measured: readonly Measured[],
): StoppedEarly | null {
  const [first, ...others] = measured
  if (first === undefined) return null
  let best = first
  let evaluations = 0
  for (const one of others) {
    const rises = 100 * (one.value - best.value) > minChange + rounding
    evaluations = rises ? 0 : evaluations + 1
    if (rises) best = one
  }
  const last = measured.at(-1) as Measured
  return evaluations >= patience ? { step: last.step, metric, best, evaluations } : null
}

/** `ended early at step 40 of 100: expected-h-acc did not rise above 23.4 (step 10) in 3 evaluations`. */
export function stoppedSentence({ step, metric, best, evaluations }: StoppedEarly, steps: number): string {
  return `ended early at step ${step} of ${steps}: ${metric} did not rise above ${(100 * best.value).toFixed(1)} (step ${best.step}) in ${evaluations} ${evaluations === 1 ? 'evaluation' : 'evaluations'}`
}
