/** Linear expressions in one variable: `3 - 2x` is 0 at 3/2 and falls. Inequalities of them and of their absolute values. */
import { compareExpressions, realNumber } from './equality.js'
import {
  difference,
  type Expression,
  integerOf,
  product,
  quotient,
  substitute,
  sum,
  variablesOf,
} from './expression.js'
import type { Bounds } from './structure.js'

export interface Linear {
  variable: string
  /** Where it is 0. */
  zero: Expression
  slope: Expression
  rising: boolean
}

/** Null if the expression is not linear, or not in one variable. */
export function solveLinear(expression: Expression): Linear | null {
  const [variable, ...others] = variablesOf(expression)
  if (variable === undefined || others.length > 0) return null
  const at = (value: number) => substitute(expression, variable, integerOf(value))
  const slope = difference(at(1), at(0))
  const size = realNumber(slope)
  if (size === null || size === 0) return null
  const line = sum(at(0), product([slope, { kind: 'symbol', name: variable }]))
  if (compareExpressions(expression, line) !== 'equal') return null
  return { variable, zero: quotient(product([integerOf(-1), at(0)]), slope), slope, rising: size > 0 }
}

/** Where the absolute value of a linear expression is between the bounds. Null if a bound is negative or no number. */
export function boundAbsolute(
  inner: Expression,
  { low, high, openLow, openHigh }: Bounds,
): { variable: string; parts: Bounds[] } | null {
  const linear = solveLinear(inner)
  const [from, to] = [realNumber(low), realNumber(high)]
  if (linear === null || from === null || to === null || to < 0 || (from < 0 && Number.isFinite(from))) return null
  const { variable, zero, slope, rising } = linear
  const size = rising ? slope : product([integerOf(-1), slope])
  const above = (value: Expression) => (isInfinite(value) ? value : sum(zero, quotient(value, size)))
  const below = (value: Expression) => negative(isInfinite(value) ? value : difference(quotient(value, size), zero))
  if (from < 0) return { variable, parts: [{ low: below(high), high: above(high), openLow: openHigh, openHigh }] }
  const right = { low: above(low), high: above(high), openLow, openHigh }
  return { variable, parts: [{ low: below(high), high: below(low), openLow: openHigh, openHigh: openLow }, right] }
}

const isInfinite = (value: Expression): boolean => Math.abs(realNumber(value) ?? 0) === Number.POSITIVE_INFINITY
const negative = (value: Expression): Expression => product([integerOf(-1), value])
