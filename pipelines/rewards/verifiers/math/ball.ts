/**
 * Complex numbers with a bound on their error ("ball arithmetic"), in decimals of any precision. Two balls apart are two different
 * numbers: that is a proof. Two that overlap are equal as far as the precision reaches.
 */
import { Decimal } from 'decimal.js'
import { type Rational, Undefined } from './rational.js'

/** re + im i, each at most 10^error from the true value. */
export interface Ball {
  re: Decimal
  im: Decimal
  /** log10 of the error; -Infinity if there is none. */
  error: number
}

type DecimalClass = typeof Decimal

/** Arithmetic of balls at one precision, in significant digits. */
export class Balls {
  readonly #decimal: DecimalClass
  readonly #digits: number

  constructor(digits: number) {
    this.#digits = digits
    this.#decimal = Decimal.clone({ precision: digits, rounding: Decimal.ROUND_HALF_EVEN, minE: -9e15, maxE: 9e15 })
  }

  fromRational({ numerator, denominator }: Rational): Ball {
    const re = new this.#decimal(numerator.toString()).div(denominator.toString())
    return this.#rounded(re, new this.#decimal(0), Number.NEGATIVE_INFINITY)
  }

  pi(): Ball {
    return this.#real(this.#decimal.acos(-1), Number.NEGATIVE_INFINITY)
  }

  i(): Ball {
    return { re: new this.#decimal(0), im: new this.#decimal(1), error: Number.NEGATIVE_INFINITY }
  }

  add(a: Ball, b: Ball): Ball {
    return this.#rounded(this.#d(a.re).plus(b.re), this.#d(a.im).plus(b.im), addLogs(a.error, b.error))
  }

  multiply(a: Ball, b: Ball): Ball {
    const [x, y] = [this.#d(a.re), this.#d(a.im)]
    const re = x.times(b.re).minus(y.times(b.im))
    const im = x.times(b.im).plus(y.times(b.re))
    const error = addLogs(addLogs(logSize(a) + b.error, logSize(b) + a.error), a.error + b.error)
    // Products inside the sums are rounded at their own size.
    return this.#rounded(re, im, addLogs(error, logSize(a) + logSize(b) - this.#digits + 1))
  }

  negate(a: Ball): Ball {
    return { re: a.re.neg(), im: a.im.neg(), error: a.error }
  }

  invert(a: Ball): Ball {
    const size = logSize(a)
    if (mayBeZero(a)) throw new Undefined('division by zero')
    const norm = this.#d(a.re).times(a.re).plus(this.#d(a.im).times(a.im))
    const error = addLogs(a.error - 2 * size + 0.5, -size - this.#digits + 1)
    return this.#rounded(this.#d(a.re).div(norm), this.#d(a.im).neg().div(norm), error)
  }

  exp(a: Ball): Ball {
    const size = this.#d(a.re).exp()
    const error = addLogs(log10(size) + a.error + 0.3, log10(size) - this.#digits + 1)
    if (isReal(a)) return { re: size, im: new this.#decimal(0), error }
    return this.#rounded(size.times(this.#cos(a.im)), size.times(this.#sin(a.im)), error)
  }

  /** The principal logarithm. Undefined at 0. */
  ln(a: Ball): Ball {
    if (mayBeZero(a)) throw new Undefined('logarithm of 0')
    const error = a.error - logSize(a) + 0.5
    if (isReal(a) && a.re.isPositive()) return this.#real(this.#d(a.re).ln(), error)
    const modulus = this.#d(a.re).times(a.re).plus(this.#d(a.im).times(a.im)).ln().div(2)
    return this.#rounded(modulus, this.#decimal.atan2(a.im, a.re), addLogs(error, -this.#digits + 2))
  }

  sqrt(a: Ball): Ball {
    if (isReal(a) && !a.re.isNegative()) {
      const re = this.#d(a.re).sqrt()
      const error = re.isZero() ? a.error / 2 : Math.min(a.error - log10(re), a.error / 2)
      return this.#real(re, error)
    }
    if (isReal(a)) {
      const root = this.sqrt(this.negate(a))
      return { re: new this.#decimal(0), im: root.re, error: root.error }
    }
    return this.exp(this.multiply(this.ln(a), this.fromRational({ numerator: 1n, denominator: 2n })))
  }

  sin(a: Ball): Ball {
    if (isReal(a)) return this.#real(this.#sin(a.re), a.error, 0)
    const [x, y] = [this.#d(a.re), this.#d(a.im)]
    const re = this.#sin(x).times(y.cosh())
    const im = this.#cos(x).times(y.sinh())
    return this.#rounded(re, im, addLogs(a.error, -this.#digits) + log10(y.cosh()) + 1)
  }

  cos(a: Ball): Ball {
    if (isReal(a)) return this.#real(this.#cos(a.re), a.error, 0)
    const [x, y] = [this.#d(a.re), this.#d(a.im)]
    const re = this.#cos(x).times(y.cosh())
    const im = this.#sin(x).times(y.sinh()).neg()
    return this.#rounded(re, im, addLogs(a.error, -this.#digits) + log10(y.cosh()) + 1)
  }

  /** Of a real number. */
  atan(a: Ball): Ball {
    return this.#real(this.#decimal.atan(this.#realPart(a)), a.error, 0)
  }

  /** Of a real number in [-1, 1]. */
  asin(a: Ball): Ball {
    const re = this.#realPart(a)
    if (re.abs().gt(1)) throw new Undefined('arcsine outside [-1, 1]')
    const slope = this.#d(1).minus(re.times(re))
    const error = slope.lte(0) ? a.error / 2 : Math.min(a.error - log10(slope) / 2, a.error / 2 + 1)
    return this.#real(this.#decimal.asin(re), error, 0)
  }

  abs(a: Ball): Ball {
    if (isReal(a)) return { re: a.re.abs(), im: a.im, error: a.error }
    return this.sqrt({
      ...this.#rounded(
        this.#d(a.re).times(a.re).plus(this.#d(a.im).times(a.im)),
        this.#d(0),
        a.error + logSize(a) + 0.5,
      ),
    })
  }

  #realPart(a: Ball): Decimal {
    if (!isReal(a)) throw new Undefined('not real')
    return this.#d(a.re)
  }

  /** Sine and cosine need the digits before the point as well. */
  #sin(x: Decimal): Decimal {
    return trigonometric(x, 'sin', this.#digits)
  }

  #cos(x: Decimal): Decimal {
    return trigonometric(x, 'cos', this.#digits)
  }

  #d(value: Decimal | number): Decimal {
    return new this.#decimal(value)
  }

  /** `size`: log10 of the values that were rounded on the way, if larger than the result. */
  #real(re: Decimal, error: number, size = Number.NEGATIVE_INFINITY): Ball {
    return this.#rounded(re, new this.#decimal(0), addLogs(error, size - this.#digits + 1))
  }

  #rounded(re: Decimal, im: Decimal, error: number): Ball {
    if (!re.isFinite() || !im.isFinite()) throw new Undefined('not finite')
    return { re, im, error: addLogs(error, Math.max(log10(re), log10(im)) - this.#digits + 1) }
  }
}

/** Limit for the argument of sine and cosine, log10: beyond it they would need as many more digits. */
const maxAngle = 50

function trigonometric(x: Decimal, name: 'sin' | 'cos', digits: number): Decimal {
  const before = Math.max(0, Math.ceil(log10(x)))
  if (before > maxAngle) throw new Undefined('an angle too large')
  const Wide = Decimal.clone({ precision: digits + before + 5 })
  return name === 'sin' ? new Wide(x).sin() : new Wide(x).cos()
}

export const isReal = (a: Ball): boolean => a.im.isZero()
/** log10 of the modulus, from above. */
export const logSize = (a: Ball): number => Math.max(log10(a.re), log10(a.im)) + (isReal(a) ? 0 : 0.16)
export const mayBeZero = (a: Ball): boolean => Math.max(log10(a.re), log10(a.im)) <= a.error
/** Whether both parts differ by no more than the errors. */
export const overlap = (a: Ball, b: Ball): boolean => {
  const distance = Math.max(log10(a.re.minus(b.re)), log10(a.im.minus(b.im)))
  return distance <= addLogs(a.error, b.error) + 0.1
}

function log10(value: Decimal): number {
  if (value.isZero()) return Number.NEGATIVE_INFINITY
  const [digits = '', exponent = '0'] = value.abs().toExponential(15).split('e')
  return Math.log10(Number(digits)) + Number(exponent)
}

/** log10(10^a + 10^b), from above. */
function addLogs(a: number, b: number): number {
  const [large, small] = a > b ? [a, b] : [b, a]
  if (large === Number.NEGATIVE_INFINITY) return large
  return large + Math.log10(1 + 10 ** (small - large))
}
