/**
 * Statistics over seeds: mean with Student's t interval, paired differences, the paired t-test, Holm's correction. The paper
 * reports single runs; a run is the unit here, never an item.
 */
import quantile from '@stdlib/stats-base-dists-t-quantile'

export interface Estimate {
  n: number
  mean: number
  /** Half the width of the interval; null with fewer than two runs, for one run says nothing about spread. */
  half: number | null
}

export interface PairedDifference extends Estimate {
  /** Two-sided p value of the paired t-test; null with fewer than two pairs or without any spread. */
  p: number | null
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Unbiased, over n - 1. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1))
}

/** mean ± t(n - 1, (1 + level) / 2) s / sqrt(n). NaN over nothing is an error of the caller: n must be at least 1. */
export function estimate(values: readonly number[], level = 0.95): Estimate {
  const n = values.length
  if (n < 2) return { n, mean: mean(values), half: null }
  const half = (quantile((1 + level) / 2, n - 1) * standardDeviation(values)) / Math.sqrt(n)
  return { n, mean: mean(values), half }
}

/** Mean of a - b over pairs, with interval and p value. */
export function pairedDifference(a: readonly number[], b: readonly number[], level = 0.95): PairedDifference {
  const differences = a.map((value, index) => value - (b[index] ?? Number.NaN))
  const n = differences.length
  const deviation = n < 2 ? 0 : standardDeviation(differences)
  const t = (mean(differences) * Math.sqrt(n)) / deviation
  return { ...estimate(differences, level), p: n < 2 || deviation === 0 ? null : twoSidedP(t, n - 1) }
}

/**
 * P(|T| >= |t|) with `degrees` of freedom. Found by bisection of the quantile on the logarithm of the tail, so that small
 * probabilities keep their digits and no second distribution function is needed.
 */
export function twoSidedP(t: number, degrees: number): number {
  const target = -Math.abs(t)
  let low = Math.log(1e-300)
  let high = Math.log(0.5)
  for (let round = 0; round < 200 && high - low > 1e-13; round++) {
    const middle = (low + high) / 2
    if (quantile(Math.exp(middle), degrees) < target) low = middle
    else high = middle
  }
  return Math.min(1, 2 * Math.exp((low + high) / 2))
}

/** Holm's step-down correction, in the places given: p sorted up, times the number of hypotheses left, never falling. */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p)
  const corrected = new Array<number>(ps.length).fill(1)
  let largest = 0
  for (const [rank, { p, index }] of order.entries()) {
    largest = Math.max(largest, Math.min(1, p * (ps.length - rank)))
    corrected[index] = largest
  }
  return corrected
}
