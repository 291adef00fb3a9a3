/** Size of a paired difference in units of its spread over seeds: Cohen's d_z and Hedges' correction. */
import gammaln from '@stdlib/math-base-special-gammaln'
import { type Interval, mean, standardDeviation } from './estimate.js'
import { noncentralStudentCumulative } from './noncentral-student.js'

export interface EffectSize {
  /** mean / standard deviation of the differences. Too large on average with few seeds, by a quarter with five. */
  d: number
  /** Hedges' g_z, d times J(n - 1): unbiased under normality. Null with two pairs, for which the factor is not defined. */
  g: number | null
  /** Of d, exact under normality: the noncentralities that put the observed t at either tail. */
  interval: Interval
}

/** Null with fewer than two pairs or without any spread: then there is no unit. */
export function effectSize(differences: readonly number[], level = 0.95): EffectSize | null {
  const n = differences.length
  if (n < 2) return null
  const deviation = standardDeviation(differences)
  if (deviation === 0) return null
  const d = mean(differences) / deviation
  const at = (share: number) => noncentrality(d * Math.sqrt(n), n - 1, share) / Math.sqrt(n)
  return {
    d,
    g: n < 3 ? null : hedgesFactor(n - 1) * d,
    interval: { low: at((1 + level) / 2), high: at((1 - level) / 2) },
  }
}

/** J(m) = gamma(m / 2) / (sqrt(m / 2) gamma((m - 1) / 2)), about 1 - 3 / (4 m - 1) (Hedges 1981). `degrees` above 1. */
export function hedgesFactor(degrees: number): number {
  return Math.exp(gammaln(degrees / 2) - gammaln((degrees - 1) / 2)) / Math.sqrt(degrees / 2)
}

/** The shift under which P(T <= t) = share; it decreases as the shift grows, so bisection finds it. */
function noncentrality(t: number, degrees: number, share: number): number {
  // |t| / sqrt(degrees) times a standard normal's reach bounds how far the shift can be from t.
  const reach = 10 + 10 * Math.abs(t)
  let low = t - reach
  let high = t + reach
  for (let round = 0; round < 100 && high - low > 1e-10 * (1 + Math.abs(t)); round++) {
    const middle = (low + high) / 2
    if (noncentralStudentCumulative(t, degrees, middle) > share) low = middle
    else high = middle
  }
  return (low + high) / 2
}
