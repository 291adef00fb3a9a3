/** Normal and Student's distribution: the base of intervals and tests. Special functions are from stdlib. */
import betainc from '@stdlib/math-base-special-betainc'
import erfc from '@stdlib/math-base-special-erfc'
import erfcinv from '@stdlib/math-base-special-erfcinv'
import quantile from '@stdlib/stats-base-dists-t-quantile'

/** P(Z <= z). */
export function normalCumulative(z: number): number {
  return erfc(-z / Math.SQRT2) / 2
}

/** The z with P(Z <= z) = share; infinite at 0 and 1. */
export function normalQuantile(share: number): number {
  return -Math.SQRT2 * erfcinv(2 * share)
}

/** The t with P(T <= t) = share. `degrees` of freedom above 0, whole or not. */
export function studentQuantile(share: number, degrees: number): number {
  return quantile(share, degrees)
}

/** P(|T| >= |t|) with `degrees` of freedom, by the incomplete beta function, so small probabilities keep their digits. */
export function twoSidedP(t: number, degrees: number): number {
  return betainc(degrees / (degrees + t * t), degrees / 2, 0.5)
}
