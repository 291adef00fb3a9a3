/**
 * The root bound of Burnikel, Funke, Mehlhorn, Schirra, Schmitt (2001): the value of an expression of integers, +, -, *, / and roots
 * is 0 or at least 1 / (u^(D-1) l), D the product of the degrees of its roots. Values of other functions count as integers of their
 * size with the digits of their arguments: for them it is a rule of thumb.
 */
import { logSize } from './ball.js'
import { type Value, valueAt } from './evaluate.js'
import { type Expression, keyOf, mentions } from './expression.js'
import { bits, type Rational } from './rational.js'

/** Where the variables are. */
export interface Place {
  variables: ReadonlyMap<string, Rational>
  /** Roots and logarithms of negative numbers are undefined, as for real functions; else the principal value. */
  real: boolean
}

/** Precision for the size of a value. */
const sizeDigits = 40

/** u, l: log10 of the numerator's and denominator's size in the bound. */
interface Bound {
  u: number
  l: number
}

/** -log10 of the least size that a value other than 0 can have; null if no bound is known. */
export function boundDigits(expression: Expression, place: Place): number | null {
  const degrees = new Map<string, number>()
  const bound = boundOf(expression, place, degrees)
  if (bound === null) return null
  let degree = 1
  for (const one of degrees.values()) degree *= one
  const digits = (degree - 1) * bound.u + bound.l
  return Number.isFinite(digits) ? digits : null
}

function boundOf(expression: Expression, place: Place, degrees: Map<string, number>): Bound | null {
  if (expression.kind === 'number') return rationalBound(expression.value)
  if (expression.kind === 'symbol') {
    const known = place.variables.get(expression.name)
    return known === undefined ? { u: 1, l: 1 } : rationalBound(known)
  }
  const value = valueAt(expression, { ...place, digits: sizeDigits })
  if (typeof value !== 'string' && 'exact' in value) return rationalBound(value.exact)
  const { head } = expression
  const parts = expression.args.map(argument => boundOf(argument, place, degrees))
  if (!parts.every(part => part !== null)) return null
  const [a, b] = parts
  switch (head) {
    case 'Add':
      return parts.reduce((x, y) => ({ u: Math.max(x.u + y.l, x.l + y.u) + Math.log10(2), l: x.l + y.l }))
    case 'Multiply':
      return parts.reduce((x, y) => ({ u: x.u + y.u, l: x.l + y.l }))
    case 'Divide':
      return a === undefined || b === undefined ? null : { u: a.u + b.l, l: a.l + b.u }
    case 'Power':
    case 'Root':
      return powerBound(
        expression.args,
        { base: a, whole: parts, head, size: sizeOf(value) },
        { place, degrees, key: keyOf(expression) },
      )
    default:
      // A transcendental value, as if it were an integer of its size with the digits of its arguments.
      return { u: sizeOf(value) + sum(parts.map(part => part.u + part.l)) + 1, l: sum(parts.map(part => part.l)) + 1 }
  }
}

function powerBound(
  args: readonly Expression[],
  { base, whole, head, size }: { base: Bound | undefined; whole: readonly Bound[]; head: string; size: number },
  { place, degrees, key }: { place: Place; degrees: Map<string, number>; key: string },
): Bound | null {
  const exponent = args[1] === undefined ? 'undefined' : valueAt(args[1], { ...place, digits: sizeDigits })
  if (base === undefined || typeof exponent === 'string') return null
  if (!('exact' in exponent)) return { u: sum(whole.map(part => part.u + part.l)) * 10 + 1, l: 10 }
  const { numerator, denominator } = exponent.exact
  // A root of a transcendental number, or of a degree beyond use, counts as a transcendental value.
  const opaque = args[0] !== undefined && (mentions(args[0], 'ExponentialE') || mentions(args[0], 'Pi'))
  if (opaque || denominator > 12n)
    return { u: size + sum(whole.map(part => part.u + part.l)) + 1, l: sum(whole.map(part => part.l)) + 1 }
  const [times, degree] = head === 'Root' ? [1, Number(numerator)] : [Number(numerator), Number(denominator)]
  if (degree > 1) degrees.set(key, degree)
  const count = Math.abs(times)
  // The root of u/l is the root of u l^(degree-1), over l.
  const root = degree === 1 ? base : { u: (base.u + (degree - 1) * base.l) / degree, l: base.l }
  const raised = { u: root.u * count, l: root.l * count }
  return times < 0 ? { u: raised.l, l: raised.u } : raised
}

const rationalBound = ({ numerator, denominator }: Rational): Bound => ({
  u: bits(numerator) * Math.log10(2),
  l: bits(denominator) * Math.log10(2),
})

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

function sizeOf(value: Value | string): number {
  if (typeof value === 'string' || 'exact' in value) return 1
  return Math.max(0, logSize(value.ball))
}
