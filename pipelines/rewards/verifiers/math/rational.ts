/** Exact fractions of integers of any size, in lowest terms, with limits that keep every operation short. */

/** denominator above 0; lowest terms. */
export interface Rational {
  numerator: bigint
  denominator: bigint
}

/** A number whose size is above the limits: it is not calculated. */
export class TooLarge extends Error {}
/** An expression without a value: 1/0, the logarithm of 0. */
export class Undefined extends Error {}

/** Limit for numerators, denominators and powers. (bits) */
const maxBits = 40_000

export const zero: Rational = { numerator: 0n, denominator: 1n }
export const one: Rational = { numerator: 1n, denominator: 1n }

export const integer = (value: bigint | number): Rational => ({ numerator: BigInt(value), denominator: 1n })

export function rational(numerator: bigint, denominator: bigint): Rational {
  if (denominator === 0n) throw new Undefined('division by zero')
  const divisor = gcd(numerator, denominator)
  const sign = denominator < 0n ? -1n : 1n
  const reduced = { numerator: (sign * numerator) / divisor, denominator: (sign * denominator) / divisor }
  if (bits(reduced.numerator) > maxBits || bits(reduced.denominator) > maxBits)
    throw new TooLarge('above the size limit')
  return reduced
}

/** Digits as a JSON number or LaTeX writes them: `12`, `-0.50`, `1.5e+400`. Null for anything else. */
export function readDecimal(text: string): Rational | null {
  const match = /^(-?)(\d*)\.?(\d*)(?:e([+-]?\d{1,6}))?$/iu.exec(text)
  if (match === null) return null
  const [, sign = '', whole = '', part = '', exponent = '0'] = match
  if (whole === '' && part === '') return null
  const power = Number(exponent) - part.length
  if (Math.abs(power) * 3.4 > maxBits) throw new TooLarge('above the size limit')
  const digits = BigInt(`${whole}${part}`) * (sign === '-' ? -1n : 1n)
  return power >= 0 ? rational(digits * 10n ** BigInt(power), 1n) : rational(digits, 10n ** BigInt(-power))
}

export const add = (a: Rational, b: Rational): Rational =>
  rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator)

export const multiply = (a: Rational, b: Rational): Rational =>
  rational(a.numerator * b.numerator, a.denominator * b.denominator)

export const invert = (a: Rational): Rational => rational(a.denominator, a.numerator)
export const negate = (a: Rational): Rational => ({ numerator: -a.numerator, denominator: a.denominator })
export const isWhole = (a: Rational): boolean => a.denominator === 1n
export const equal = (a: Rational, b: Rational): boolean =>
  a.numerator === b.numerator && a.denominator === b.denominator

/** base^exponent for an integer exponent. 0^0 is 1, as in polynomials. */
export function power(base: Rational, exponent: bigint): Rational {
  if (exponent < 0n) return power(invert(base), -exponent)
  const size = Math.max(bits(base.numerator), bits(base.denominator))
  if (size > 1 && exponent * BigInt(size) > BigInt(maxBits)) throw new TooLarge('above the size limit')
  // 0, 1 and -1 at any exponent.
  const times = size > 1 ? exponent : exponent === 0n ? 0n : 2n - (exponent % 2n)
  return { numerator: base.numerator ** times, denominator: base.denominator ** times }
}

/** The exact root of the degree, or null if it is not rational. Roots of odd degree of negative numbers are negative. */
export function exactRoot(value: Rational, degree: bigint): Rational | null {
  if (value.numerator < 0n) {
    if (degree % 2n === 0n) return null
    const positive = exactRoot(negate(value), degree)
    return positive === null ? null : negate(positive)
  }
  const [above, below] = [floorRoot(value.numerator, degree), floorRoot(value.denominator, degree)]
  const exact = above ** degree === value.numerator && below ** degree === value.denominator
  return exact ? { numerator: above, denominator: below } : null
}

/** The largest integer whose power is at most `value`, by Newton's method. */
export function floorRoot(value: bigint, degree: bigint): bigint {
  if (value < 2n) return value
  if (degree >= BigInt(bits(value))) return 1n
  let guess = 1n << (BigInt(bits(value)) / degree + 1n)
  for (;;) {
    const next = ((degree - 1n) * guess + value / guess ** (degree - 1n)) / degree
    if (next >= guess) return guess
    guess = next
  }
}

export function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x === 0n ? 1n : x
}

/** Bits of the size, at least 1. */
export const bits = (value: bigint): number => (value < 0n ? -value : value).toString(16).length * 4

export const compareRationals = (a: Rational, b: Rational): number => {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}
