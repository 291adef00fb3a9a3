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
import { type Value, valueAt } from './evaluate.js'
import { difference, type Expression, hasCall, keyOf, mentions, variablesOf, visit } from './expression.js'
import { bits, integer, isWhole, type Rational, rational, equal as sameRational } from './rational.js'
import { boundDigits, type Place } from './root-bound.js'

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
  // In one order, whichever is the answer: the root bound of a - b may be another one than that of b - a.
  if (keyA > keyB) return compareExpressions(b, a)
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

/** `undefined` if one of the two has no value there. */
function atPoint(gap: Expression, [a, b]: [Expression, Expression], place: Place): Decision | 'undefined' {
  const [x, y] = [valueAt(a, { ...place, digits: roughDigits }), valueAt(b, { ...place, digits: roughDigits })]
  if (x === 'too large' || y === 'too large') return 'undecided'
  if (x === 'undefined' || y === 'undefined') return 'undefined'
  const rough = compareRoughly(x, y)
  if (rough !== 'undecided') return rough
  const needed = boundDigits(gap, place)
  // Beyond the limit no equality is certain, but a difference may be.
  const digits = needed === null ? maxDigits : Math.min(Math.ceil(needed) + spareDigits, maxDigits)
  const value = valueAt(gap, { ...place, digits })
  if (typeof value === 'string') return 'undecided'
  if ('exact' in value) return value.exact.numerator === 0n ? 'equal' : 'different'
  if (!mayBeZero(value.ball)) return 'different'
  return needed !== null && value.ball.error < -needed ? 'equal' : 'undecided'
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
