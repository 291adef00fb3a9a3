/** Mean over runs with Student's t interval. The paper reports single runs; a run is the unit here, never an item. */
import { studentQuantile } from './distributions.js'

export interface Estimate {
  n: number
  mean: number
  /** Half the width of the interval; null with fewer than two runs, because one run has no spread. */
  half: number | null
}

export interface Interval {
  low: number
  high: number
}

/** NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Unbiased, over n - 1. Spread as small as rounding counts as 0: the mean of 0.1, 0.1, 0.1 is not exactly 0.1. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values)
  const found = Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1))
  return found <= 1e-12 * Math.abs(centre) ? 0 : found
}

/** mean ± t(n - 1, (1 + level) / 2) s / sqrt(n). n must be at least 1. */
export function estimate(values: readonly number[], level = 0.95): Estimate {
  const n = values.length
  if (n < 2) return { n, mean: mean(values), half: null }
  const half = (studentQuantile((1 + level) / 2, n - 1) * standardDeviation(values)) / Math.sqrt(n)
  return { n, mean: mean(values), half }
}

/** With two runs Student's factor is 12.7 and the interval says nothing, so tables and figures show none below three. */
export const minRunsForInterval = 3

/** Half the width, if the interval is worth showing; else null. */
export function shownHalf({ n, half }: Estimate): number | null {
  return n < minRunsForInterval ? null : half
}

export function intervalOf({ mean: centre, half }: Estimate): Interval | null {
  return half === null ? null : { low: centre - half, high: centre + half }
}
