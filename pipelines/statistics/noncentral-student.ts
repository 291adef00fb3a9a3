/** Student's noncentral distribution, which the power of a t-test needs. */
import betainc from '@stdlib/math-base-special-betainc'
import gammainc from '@stdlib/math-base-special-gammainc'
import gammaln from '@stdlib/math-base-special-gammaln'
import { normalCumulative } from './distributions.js'

/** Beyond it Z + shift has no share below 0 that a double could hold beside 1. */
const FAR = 37

/** P(T <= t) for T = (Z + shift) / sqrt(chi2(degrees) / degrees). Absolute error below 1e-9. */
export function noncentralStudentCumulative(t: number, degrees: number, shift: number): number {
  if (t < 0) return 1 - noncentralStudentCumulative(-t, degrees, -shift)
  if (shift < -FAR) return 1
  return shift > FAR ? overNormal(t, degrees, shift) : series(t, degrees, shift)
}

/** Lenth's series (AS 243, 1989): Poisson weights of mean shift^2 / 2 over incomplete beta functions, those around their mode. */
function series(t: number, degrees: number, shift: number): number {
  const x = (t * t) / (t * t + degrees)
  const rate = (shift * shift) / 2
  const reach = 12 * Math.sqrt(rate) + 40
  let sum = 0
  for (let index = Math.max(0, Math.floor(rate - reach)); index <= rate + reach; index++) {
    const logWeight = (index === 0 ? 0 : index * Math.log(rate)) - rate
    const even = Math.exp(logWeight - gammaln(index + 1))
    const odd = (shift / Math.SQRT2) * Math.exp(logWeight - gammaln(index + 1.5))
    sum += even * betainc(x, index + 0.5, degrees / 2) + odd * betainc(x, index + 1, degrees / 2)
  }
  return Math.min(1, Math.max(0, normalCumulative(-shift) + sum / 2))
}

/** The mean over Z of P(chi2 >= degrees ((Z + shift) / t)^2), by the trapezoid rule, which converges fast under a normal density. */
function overNormal(t: number, degrees: number, shift: number): number {
  if (t === 0) return 0
  const step = 1 / 16
  let sum = 0
  for (let z = -9; z <= 9; z += step) {
    sum += Math.exp((-z * z) / 2) * gammainc((degrees * ((z + shift) / t) ** 2) / 2, degrees / 2, true, true)
  }
  return Math.min(1, (step * sum) / Math.sqrt(2 * Math.PI))
}
