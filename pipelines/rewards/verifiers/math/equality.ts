/**
 * Whether two expressions are equal, decided so that unequal ones never pass:
 *
 *  1. the same tree, up to the order of terms and factors: equal.
 *  2. constants: exact fractions are compared as such. For others, balls apart prove a difference; equality is accepted only at a
 *     precision beyond the root bound of the difference (Burnikel, Funke, Mehlhorn, Schirra, Schmitt 2001): an algebraic number
 *     that is not 0 is at least 1 / (u^(D-1) l). Values of other functions (e, pi, sin) enter this bound like integers of their size.
 *  3. with variables: both are evaluated at points drawn from the two texts. One point where they differ proves a difference. A
 *     difference of polynomials of degree d vanishes by chance at all n points with probability (d / 8000)^n at most (Schwartz, Zippel).
 */
import { createHash } from 'node:crypto'
import { type Ball, Balls, logSize, mayBeZero, overlap } from './ball.js'
import { evaluate, type Point, type Value } from './evaluate.js'
import { difference, type Expression, hasCall, keyOf, mentions, variablesOf, visit } from './expression.js'
import {
  bits,
  integer,
  isWhole,
  type Rational,
  rational,
  equal as sameRational,
  TooLarge,
  Undefined,
} from './rational.js'

/** `undecided`: above the limits of size or precision. */
export type Decision = 'equal' | 'different' | 'undecided'

/** Points at which both must have a value, and how many are tried. */
const neededPoints = 6
const triedPoints = 30
/** Of these, equality is certain at so many; at the others it holds to the rough precision. */
const certainPoints = 2
/** Precision of the first look, precision beyond the root bound, and the limit for all. (digits) */
const roughDigits = 40
const spareDigits = 40
const maxDigits = 900

export function compareExpressions(a: Expression, b: Expression): Decision {
  const [keyA, keyB] = [keyOf(a), keyOf(b)]
  if (keyA === keyB) return 'equal'
  // Infinity is not calculated with: `+\infty` and `\infty` have one key.
  if (mentions(a, 'PositiveInfinity') || mentions(b, 'PositiveInfinity')) return 'different'
  const seed = [keyA, keyB].sort().join(' = ')
  const gap = difference(a, b)
  const variables = variablesOf(gap)
  if (variables.length > 0) return atPoints(a, b, { gap, variables, seed })
  const decision = atPoint(gap, [a, b], { variables: new Map(), real: false })
  if (decision === 'undefined') return 'different'
  return decision === 'undecided' && oneIsImmense(a, b) ? 'different' : decision
}

/** Whether only one is above the size limit (more than 10^5000) and grows at every step, as `9^{9^{9^9}}` does. */
function oneIsImmense(a: Expression, b: Expression): boolean {
  const constant = { variables: new Map(), real: false, digits: roughDigits }
  const [x, y] = [valueAt(a, constant), valueAt(b, constant)]
  const [immense, other] = x === 'too large' ? [a, y] : [b, x]
  if ((x === 'too large') === (y === 'too large') || typeof other === 'string') return false
  const size = 'exact' in other ? bits(other.exact.numerator) * Math.log10(2) : logSize(other.ball)
  return size < 5000 && growsAtEveryStep(immense)
}

function growsAtEveryStep(expression: Expression): boolean {
  if (expression.kind === 'number') return isWhole(expression.value) && expression.value.numerator > 1n
  if (expression.kind === 'symbol') return false
  return /^(?:Add|Multiply|Power|Factorial)$/u.test(expression.head) && expression.args.every(growsAtEveryStep)
}

interface Place {
  variables: ReadonlyMap<string, Rational>
  real: boolean
}

function atPoints(
  a: Expression,
  b: Expression,
  { gap, variables, seed }: { gap: Expression; variables: readonly string[]; seed: string },
): Decision {
  const whole = wholeVariables(gap)
  const real = !mentions(gap, 'ImaginaryUnit')
  // In several variables a formula may be written for positive quantities: `\sqrt{a}/\sqrt{b}` for `\sqrt{a/b}`.
  const sameDomain = variables.length === 1 || hasCall(a, 'Abs') !== hasCall(b, 'Abs')
  let agreed = 0
  for (let index = 0; index < triedPoints && agreed < neededPoints; index++) {
    const at = new Map(variables.map(name => [name, coordinate({ name, index, seed, whole: whole.has(name) })]))
    const place = { variables: at, real }
    const [x, y] = [valueAt(a, { ...place, digits: roughDigits }), valueAt(b, { ...place, digits: roughDigits })]
    if (x === 'too large' || y === 'too large') return 'undecided'
    if ((x === 'undefined') !== (y === 'undefined') && sameDomain) return 'different'
    if (x === 'undefined' || y === 'undefined') continue
    if (compareRoughly(x, y) === 'different') return 'different'
    agreed += 1
  }
  if (agreed < neededPoints) return 'undecided'
  // For certainty exponents are whole: the degree of 2^(1/1009) would be 1009.
  const raised = union(whole, exponentVariables(gap))
  let certain = 0
  for (let index = 0; index < triedPoints && certain < certainPoints; index++) {
    const at = new Map(variables.map(name => [name, coordinate({ name, index, seed, whole: raised.has(name) })]))
    const decision = atPoint(gap, [a, b], { variables: at, real })
    if (decision === 'equal') certain += 1
    else if (decision !== 'undefined') return decision
  }
  return certain < certainPoints ? 'undecided' : 'equal'
}

function valueAt(expression: Expression, point: Point): Value | 'undefined' | 'too large' {
  try {
    return evaluate(expression, point)
  } catch (error) {
    if (error instanceof Undefined) return 'undefined'
    if (error instanceof TooLarge) return 'too large'
    throw error
  }
}

/** `undefined` if one of the two has no value there. */
function atPoint(gap: Expression, [a, b]: [Expression, Expression], place: Place): Decision | 'undefined' {
  const [x, y] = [valueAt(a, { ...place, digits: roughDigits }), valueAt(b, { ...place, digits: roughDigits })]
  if (x === 'too large' || y === 'too large') return 'undecided'
  if (x === 'undefined' || y === 'undefined') return 'undefined'
  const rough = compareRoughly(x, y)
  if (rough !== 'undecided') return rough
  const needed = boundDigits(gap, place)
  if (needed === null || needed + spareDigits > maxDigits) return 'undecided'
  const value = valueAt(gap, { ...place, digits: Math.ceil(needed) + spareDigits })
  if (typeof value === 'string') return 'undecided'
  if ('exact' in value) return value.exact.numerator === 0n ? 'equal' : 'different'
  if (!mayBeZero(value.ball)) return 'different'
  return value.ball.error < -needed ? 'equal' : 'undecided'
}

/** `equal` only for exact fractions. Balls that overlap are left undecided. */
function compareRoughly(x: Value, y: Value): Decision {
  if ('exact' in x && 'exact' in y) return sameRational(x.exact, y.exact) ? 'equal' : 'different'
  const balls = new Balls(roughDigits)
  const [ballX, ballY] = [x, y].map(value => ('exact' in value ? balls.fromRational(value.exact) : value.ball)) as [
    Ball,
    Ball,
  ]
  return overlap(ballX, ballY) ? 'undecided' : 'different'
}

/** u, l: log10 of the numerator's and denominator's size in the bound. */
interface Bound {
  u: number
  l: number
}

/** -log10 of the least size that a value other than 0 can have; null if no bound is known. */
function boundDigits(expression: Expression, place: Place): number | null {
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
  const value = valueAt(expression, { ...place, digits: roughDigits })
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
  const exponent = args[1] === undefined ? 'undefined' : valueAt(args[1], { ...place, digits: roughDigits })
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

const wholeArguments = new Set(['Factorial', 'Binomial', 'GCD', 'LCM', 'Tuple', 'Subscript'])

/** Variables of factorials, binomial coefficients, bounds of sums, indices and exponents of negative numbers: whole numbers. */
function wholeVariables(expression: Expression): Set<string> {
  const found = new Set<string>()
  const take = (part: Expression | undefined) => {
    if (part !== undefined) for (const name of variablesOf(part)) found.add(name)
  }
  visit(expression, part => {
    if (part.kind !== 'call') return
    if (wholeArguments.has(part.head)) part.args.forEach(take)
    const [base, exponent] = part.args
    if (part.head === 'Power' && base !== undefined && isNegativeNumber(base)) take(exponent)
  })
  return found
}

/** Variables in exponents, but for powers of e. */
function exponentVariables(expression: Expression): Set<string> {
  const found = new Set<string>()
  visit(expression, part => {
    if (part.kind !== 'call' || part.head !== 'Power') return
    const [base, exponent] = part.args
    if (exponent === undefined || (base?.kind === 'symbol' && base.name === 'ExponentialE')) return
    for (const name of variablesOf(exponent)) found.add(name)
  })
  return found
}

const union = (a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> => new Set([...a, ...b])

function isNegativeNumber(expression: Expression): boolean {
  if (variablesOf(expression).length > 0) return false
  const value = valueAt(expression, { variables: new Map(), real: false, digits: 20 })
  return typeof value !== 'string' && 'exact' in value && value.exact.numerator < 0n
}

/** In turn small, medium, negative and below 1, so that most functions are defined at some points. */
function coordinate({
  name,
  index,
  seed,
  whole,
}: {
  name: string
  index: number
  seed: string
  whole: boolean
}): Rational {
  const drawn = createHash('sha256').update(`${seed}\n${index}\n${name}`).digest().readUInt32LE(0)
  if (whole) return integer(2 + (drawn % 90))
  const numerator = BigInt(1 + (drawn % 8009))
  switch (index % 3) {
    case 0:
      return rational(numerator, 1009n)
    case 1:
      return rational(numerator, 8011n)
    default:
      return rational(-numerator, 1511n)
  }
}

/** The nearest double of a constant expression, infinities included; null if it has variables or is not real. */
export function realNumber(expression: Expression): number | null {
  if (expression.kind === 'symbol' && expression.name === 'PositiveInfinity') return Number.POSITIVE_INFINITY
  if (expression.kind === 'call' && expression.head === 'Multiply' && mentions(expression, 'PositiveInfinity')) {
    const signs = expression.args.map(realNumber)
    return signs.includes(null) ? null : (signs as number[]).reduce((x, y) => x * y)
  }
  if (variablesOf(expression).length > 0) return null
  const value = valueAt(expression, { variables: new Map(), real: false, digits: 40 })
  if (typeof value === 'string') return null
  const ball = 'exact' in value ? new Balls(40).fromRational(value.exact) : value.ball
  return logSize({ ...ball, re: ball.im }) <= Math.max(ball.error, -30) ? ball.re.toNumber() : null
}
