/**
 * The value of an expression at a point: an exact fraction as long as every step is rational, else a ball. Functions without a rule
 * (f(x), an integral) get a value that depends only on their name and the values of their arguments.
 */
import { createHash } from 'node:crypto'
import { type Ball, Balls, isReal, mayBeZero } from './ball.js'
import type { Expression } from './expression.js'
import { ballFunctions, boundedExp } from './functions.js'
import {
  add,
  equal,
  exactRoot,
  integer,
  invert,
  isWhole,
  multiply,
  negate,
  one,
  power,
  type Rational,
  rational,
  TooLarge,
  Undefined,
  zero,
} from './rational.js'
import { exactFunctions, whole } from './whole-numbers.js'

export type Value = { exact: Rational } | { ball: Ball }

export interface Point {
  variables: ReadonlyMap<string, Rational>
  /** Roots and logarithms of negative numbers are undefined, as for real functions; else the principal value. */
  real: boolean
  /** Precision. (significant digits) */
  digits: number
}

/** Limit for the steps of one evaluation: parts of the expression, once for each term of a sum. */
const maxSteps = 50_000
/** Limit for the terms of a sum. */
const maxTerms = 1000n

/** The value; `undefined` if there is none at the point, `too large` above the limits of size. */
export function valueAt(expression: Expression, point: Point): Value | 'undefined' | 'too large' {
  try {
    return new Evaluation(point, { left: maxSteps }).value(expression)
  } catch (error) {
    if (error instanceof Undefined) return 'undefined'
    if (error instanceof TooLarge) return 'too large'
    throw error
  }
}

class Evaluation {
  readonly #point: Point
  readonly #balls: Balls

  readonly #steps: { left: number }

  constructor(point: Point, steps: { left: number }) {
    this.#point = point
    this.#steps = steps
    this.#balls = new Balls(point.digits)
  }

  value(expression: Expression): Value {
    this.#steps.left -= 1
    if (this.#steps.left < 0) throw new TooLarge('above the limit of steps')
    switch (expression.kind) {
      case 'number':
        return { exact: expression.value }
      case 'symbol':
        return this.#symbol(expression.name)
      case 'call':
        return this.#call(expression.head, expression.args)
      default:
        return expression satisfies never
    }
  }

  #symbol(name: string): Value {
    const known = this.#point.variables.get(name)
    if (known !== undefined) return { exact: known }
    if (name === 'Pi') return { ball: this.#balls.pi() }
    if (name === 'ExponentialE') return { ball: this.#balls.exp(this.#balls.fromRational(one)) }
    if (name === 'ImaginaryUnit') return { ball: this.#balls.i() }
    if (name === 'PositiveInfinity') throw new Undefined('infinity')
    // `F_k` inside a sum over k.
    const [base, index] = name.split('_')
    const bound = index === undefined ? undefined : this.#point.variables.get(index)
    return { exact: bound === undefined ? standIn(name) : standIn(`Subscript ${base} ${text({ exact: bound })}`) }
  }

  #call(head: string, args: readonly Expression[]): Value {
    if (head === 'Sum' || head === 'Product') return this.#series(head, args)
    if (head === 'Subscript') return this.#subscript(args)
    const values = args.map(argument => this.value(argument))
    const [a, b] = values
    switch (head) {
      case 'Add':
        return values.reduce((sum, next) => this.#add(sum, next))
      case 'Multiply':
        return values.reduce((sum, next) => this.#multiply(sum, next))
      case 'Divide':
        return this.#multiply(a as Value, this.#invert(b as Value))
      case 'Power':
        return this.#power(a as Value, b as Value)
      case 'Root':
        return this.#root(a as Value, b as Value)
      case 'Ln':
        return { ball: this.#ln(a as Value) }
      case 'Log':
        return this.#log(a as Value, b as Value)
      case 'Abs':
        return this.#abs(a as Value)
      default:
        return this.#exactFunction(head, values) ?? this.#functionOfBall(head, values) ?? this.#named(head, values)
    }
  }

  #add(a: Value, b: Value): Value {
    if ('exact' in a && 'exact' in b) return { exact: add(a.exact, b.exact) }
    return { ball: this.#balls.add(this.#ball(a), this.#ball(b)) }
  }

  #multiply(a: Value, b: Value): Value {
    if ('exact' in a && 'exact' in b) return { exact: multiply(a.exact, b.exact) }
    if (('exact' in a && equal(a.exact, zero)) || ('exact' in b && equal(b.exact, zero))) return { exact: zero }
    return { ball: this.#balls.multiply(this.#ball(a), this.#ball(b)) }
  }

  #invert(a: Value): Value {
    return 'exact' in a ? { exact: invert(a.exact) } : { ball: this.#balls.invert(a.ball) }
  }

  #power(base: Value, exponent: Value): Value {
    if ('exact' in exponent) {
      const { numerator, denominator } = exponent.exact
      if ('exact' in base && denominator === 1n) return { exact: power(base.exact, numerator) }
      if (denominator === 1n && numerator >= -64n && numerator <= 64n) return this.#repeated(base, numerator)
      if (denominator > 1n && denominator <= 1000n) {
        return this.#power(this.#root(base, { exact: integer(denominator) }), { exact: integer(numerator) })
      }
    }
    if ('exact' in base && equal(base.exact, zero)) {
      if (this.#isNegative(exponent)) throw new Undefined('0 to a negative power')
      return { exact: zero }
    }
    if ('exact' in base && equal(base.exact, one)) return { exact: one }
    if (this.#point.real && this.#isNegative(base)) throw new Undefined('a real power of a negative number')
    const log = this.#balls.multiply(this.#ball(exponent), this.#balls.ln(this.#ball(base)))
    return { ball: boundedExp(this.#balls, log) }
  }

  #repeated(base: Value, times: bigint): Value {
    if (times < 0n) return this.#invert(this.#repeated(base, -times))
    let result: Value = { exact: one }
    for (let done = 0n; done < times; done++) result = this.#multiply(result, base)
    return result
  }

  /** The real root, if there is one. */
  #root(a: Value, degree: Value): Value {
    if (!('exact' in degree) || !isWhole(degree.exact) || degree.exact.numerator < 1n) {
      return this.#power(a, this.#invert(degree))
    }
    const times = degree.exact.numerator
    if (times > 1000n) throw new TooLarge('above the size limit')
    const exact = 'exact' in a ? exactRoot(a.exact, times) : null
    if (exact !== null) return { exact }
    const negative = this.#isNegative(a)
    if (negative && times % 2n === 1n) return this.#negate(this.#root(this.#negate(a), degree))
    if (negative && this.#point.real) throw new Undefined('an even root of a negative number')
    const ball = this.#ball(a)
    if (times === 2n) return { ball: this.#balls.sqrt(ball) }
    if (mayBeZero(ball)) throw new Undefined('a root near 0')
    const share = this.#balls.fromRational(rational(1n, times))
    return { ball: this.#balls.exp(this.#balls.multiply(this.#balls.ln(ball), share)) }
  }

  #negate(a: Value): Value {
    return 'exact' in a ? { exact: negate(a.exact) } : { ball: this.#balls.negate(a.ball) }
  }

  #ln(a: Value): Ball {
    if (this.#point.real && this.#isNegative(a)) throw new Undefined('the logarithm of a negative number')
    return this.#balls.ln(this.#ball(a))
  }

  #log(a: Value, base: Value): Value {
    return { ball: this.#balls.multiply(this.#ln(a), this.#balls.invert(this.#ln(base))) }
  }

  #abs(a: Value): Value {
    if ('exact' in a) return { exact: a.exact.numerator < 0n ? negate(a.exact) : a.exact }
    return { ball: this.#balls.abs(a.ball) }
  }

  #exactFunction(head: string, values: readonly Value[]): Value | null {
    const known = exactFunctions.get(head)
    const [first, ...rest] = values.map(value => ('exact' in value ? value.exact : null))
    if (known === undefined || first === undefined) return null
    if (first === null || !rest.every(value => value !== null)) throw new Undefined('not rational')
    return { exact: known(first, ...rest) }
  }

  #functionOfBall(head: string, [value]: readonly Value[]): Value | null {
    const known = ballFunctions.get(head)
    return known === undefined || value === undefined ? null : { ball: known(this.#balls, this.#ball(value)) }
  }

  /** The same stand-in for the same name and arguments. */
  #named(head: string, values: readonly Value[]): Value {
    return { exact: standIn(`${head}(${values.map(text).join(', ')})`) }
  }

  #subscript(args: readonly Expression[]): Value {
    const [base, ...indices] = args
    const name = base?.kind === 'symbol' ? base.name : 'expression'
    return { exact: standIn(`Subscript ${name} ${indices.map(index => text(this.value(index))).join(', ')}`) }
  }

  /** A finite sum or product, term by term. */
  #series(head: string, args: readonly Expression[]): Value {
    const [term, range] = args
    if (term === undefined || range?.kind !== 'call' || range.head !== 'Tuple') return this.#opaqueSeries(head, args)
    const [index, from, to] = range.args
    if (index?.kind !== 'symbol' || from === undefined || to === undefined || isInfinite(to)) {
      return this.#opaqueSeries(head, args)
    }
    const [first, last] = [this.#whole(from), this.#whole(to)]
    if (last - first > maxTerms) throw new TooLarge('above the size limit')
    let result: Value = { exact: head === 'Sum' ? zero : one }
    for (let k = first; k <= last; k++) {
      const variables = new Map(this.#point.variables).set(index.name, integer(k))
      const value = new Evaluation({ ...this.#point, variables }, this.#steps).value(term)
      result = head === 'Sum' ? this.#add(result, value) : this.#multiply(result, value)
    }
    return result
  }

  /** An infinite series is compared by its written form. */
  #opaqueSeries(head: string, args: readonly Expression[]): Value {
    return { exact: standIn(`${head} ${JSON.stringify(args, bigintText)}`) }
  }

  #whole(expression: Expression): bigint {
    const value = this.value(expression)
    if (!('exact' in value)) throw new Undefined('not rational')
    return whole(value.exact)
  }

  #ball(a: Value): Ball {
    return 'exact' in a ? this.#balls.fromRational(a.exact) : a.ball
  }

  #isNegative(a: Value): boolean {
    if ('exact' in a) return a.exact.numerator < 0n
    return isReal(a.ball) && a.ball.re.isNegative() && !mayBeZero(a.ball)
  }
}

const bigintText = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value)

const isInfinite = (expression: Expression): boolean =>
  expression.kind === 'symbol' && expression.name === 'PositiveInfinity'

/** A fraction that depends on the text alone: as good as a random one. */
export function standIn(name: string): Rational {
  const digest = createHash('sha256').update(name).digest()
  return rational(BigInt(digest.readUInt32LE(0)) + 1n, 1_000_003n)
}

/** Of an argument of a stand-in: balls are cut to 40 digits, so that two ways to the same number agree. */
function text(value: Value): string {
  if ('exact' in value) return `${value.exact.numerator}/${value.exact.denominator}`
  const { re, im } = value.ball
  return `${re.toSignificantDigits(40).toString()} ${im.abs().lt(1e-40) ? 0 : im.toSignificantDigits(40).toString()}`
}
