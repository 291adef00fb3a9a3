/** Differences paired by seed: what the seeds share cancels. Interval and test are Student's on the differences. */
import { twoSidedP } from './distributions.js'
import { type Estimate, estimate, mean, standardDeviation } from './estimate.js'

export interface PairedDifference extends Estimate {
  /** Two-sided p value of the paired t-test; null with fewer than two pairs or without any spread. */
  p: number | null
}

/** a - b, pair by pair; NaN where b is shorter. */
export function differencesOf(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, index) => value - (b[index] ?? Number.NaN))
}

/** Mean of a - b over pairs, with interval and p value. */
export function pairedDifference(a: readonly number[], b: readonly number[], level = 0.95): PairedDifference {
  const differences = differencesOf(a, b)
  const n = differences.length
  const deviation = n < 2 ? 0 : standardDeviation(differences)
  const t = (mean(differences) * Math.sqrt(n)) / deviation
  return { ...estimate(differences, level), p: n < 2 || deviation === 0 ? null : twoSidedP(t, n - 1) }
}
