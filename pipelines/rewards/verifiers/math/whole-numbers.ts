/** Functions of exact numbers: factorials, binomial coefficients, divisors, rounding, order. */
import {
  compareRationals,
  gcd,
  integer,
  isWhole,
  negate,
  type Rational,
  TooLarge,
  Undefined,
  zero,
} from './rational.js'

/** Limit for the argument of a factorial. */
const maxFactorial = 2000n

type ExactFunction = (first: Rational, ...rest: readonly Rational[]) => Rational

/** By the parser's name. They throw Undefined outside of their domain, TooLarge above the limit. */
export const exactFunctions: ReadonlyMap<string, ExactFunction> = new Map<string, ExactFunction>([
  ['Factorial', n => integer(descending(whole(n), 1n))],
  ['Factorial2', n => integer(descending(whole(n), 2n))],
  ['Binomial', (n, k = zero) => integer(binomial(whole(n), whole(k)))],
  ['GCD', (...values) => integer(values.map(whole).reduce(gcd))],
  ['LCM', (...values) => integer(values.map(whole).reduce((x, y) => (x / gcd(x, y)) * y))],
  ['Floor', value => integer(floor(value))],
  ['Ceil', value => integer(-floor(negate(value)))],
  ['Max', (...values) => values.reduce((x, y) => (compareRationals(x, y) < 0 ? y : x))],
  ['Min', (...values) => values.reduce((x, y) => (compareRationals(x, y) > 0 ? y : x))],
])

export function whole(value: Rational): bigint {
  if (!isWhole(value)) throw new Undefined('not a whole number')
  return value.numerator
}

/** n (n - step) (n - 2 step) ... */
function descending(n: bigint, step: bigint): bigint {
  if (n < 0n) throw new Undefined('the factorial of a negative number')
  if (n > maxFactorial) throw new TooLarge('above the size limit')
  let result = 1n
  for (let k = n; k > 1n; k -= step) result *= k
  return result
}

function binomial(n: bigint, k: bigint): bigint {
  if (n < 0n) throw new Undefined('a binomial coefficient of a negative number')
  if (k < 0n || k > n) return 0n
  if (n > maxFactorial) throw new TooLarge('above the size limit')
  let result = 1n
  for (let step = 1n; step <= k; step++) result = (result * (n - k + step)) / step
  return result
}

function floor({ numerator, denominator }: Rational): bigint {
  const quotient = numerator / denominator
  return numerator < 0n && quotient * denominator !== numerator ? quotient - 1n : quotient
}
