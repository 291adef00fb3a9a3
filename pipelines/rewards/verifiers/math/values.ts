/** Whether two values are equal: expressions, matrices, decimals within the tolerance, units. */
import { type NumericRules, withinTolerance } from '../numeric.js'
import { convert } from '../units.js'
import { compareExpressions, type Decision, realNumber } from './equality.js'
import { type Expression, hasDecimal, integerOf, product, quotient } from './expression.js'
import { matrixEntries } from './matrix.js'
import { readExpression } from './parse.js'
import { every } from './region.js'
import type { Of } from './structure.js'
import { plainUnit } from './unit.js'

/** As in the numeric verifier; the tolerance holds only if one of the two values is written as a decimal. */
export type MathRules = NumericRules

type Value = Of<'value'>

export function compareValues(first: Value, second: Value, rules: MathRules): Decision {
  const [a, b] = [withLetterUnit(first, second), withLetterUnit(second, first)]
  const bare = compareNumbers(a.expression, b.expression, rules)
  if (rules.units === 'ignore') {
    return bare === 'equal' || a.percent === b.percent ? bare : compareNumbers(hundredfold(a), hundredfold(b), rules)
  }
  if (a.unit === null || b.unit === null) {
    if (rules.units === 'require' && (a.unit ?? b.unit) !== null) return 'different'
    return bare === 'equal' ? bare : (compareAngles(a, b, rules) ?? bare)
  }
  return sameUnit(a.unit, b.unit) ? bare : compareConverted(a, b, rules)
}

/** `18 m` against `18\text{ m}`: the letter is a unit if it is the unit of the other. */
function withLetterUnit(value: Value, other: Value): Value {
  if (value.unit !== null || other.unit === null) return value
  const [latex, unit] = [plainUnit(value.latex), other.unit.replace(/\s+/gu, '')]
  const number = latex.replace(/\s+/gu, '').endsWith(unit)
    ? latex.slice(0, latex.lastIndexOf(unit[0] ?? '')).trim()
    : ''
  const expression = /[\d)}]$/u.test(number) && unit.length <= 2 ? readExpression(number) : null
  return expression === null ? value : { ...value, expression, unit: other.unit }
}

/** A percent without its hundredth. */
function hundredfold({ percent, expression }: Value): Expression {
  return percent ? product([integerOf(100), expression]) : expression
}

/** Units of up to three letters keep their case: mW is not MW. */
function sameUnit(a: string, b: string): boolean {
  const plain = (unit: string) =>
    unit.length <= 3 || /[\^/*]/u.test(unit) ? unit.replace(/\s+/gu, '') : unit.toLowerCase().replace(/s$/u, '')
  return plain(a) === plain(b)
}

function compareConverted(a: Value, b: Value, rules: MathRules): Decision {
  const [unitA, unitB] = [a.unit as string, b.unit as string]
  const factor = convert(1, unitA, unitB)
  const none = convert(0, unitA, unitB)
  if (factor === null || none === null) return 'different'
  if (none === 0 && Number.isSafeInteger(factor)) {
    return compareNumbers(product([integerOf(factor), a.expression]), b.expression, rules)
  }
  if (none === 0 && Number.isSafeInteger(1 / factor)) {
    return compareNumbers(a.expression, product([integerOf(1 / factor), b.expression]), rules)
  }
  const [from, to] = [realNumber(a.expression), realNumber(b.expression)]
  const converted = from === null ? null : convert(from, unitA, unitB)
  return converted !== null && to !== null && within(converted, to, rules) ? 'equal' : 'different'
}

/** `90°` against `\pi/2`: degrees on one side, a multiple of pi without a unit on the other. */
function compareAngles(a: Value, b: Value, rules: MathRules): Decision | null {
  const [degrees, other] = a.unit === '°' ? [a, b] : [b, a]
  if (degrees.unit !== '°' || other.unit !== null || !/\\pi(?![a-z])/u.test(other.latex)) return null
  const inRadians = quotient(product([degrees.expression, { kind: 'symbol', name: 'Pi' }]), integerOf(180))
  return compareNumbers(inRadians, other.expression, rules)
}

/** Expressions, entry by entry for matrices, with the tolerance for decimals. */
export function compareNumbers(a: Expression, b: Expression, rules: MathRules): Decision {
  const [rowsA, rowsB] = [matrixEntries(a), matrixEntries(b)]
  if (rowsA !== null && rowsB !== null) return compareMatrices(rowsA, rowsB, rules)
  if (rowsA !== null || rowsB !== null) return 'different'
  const decision = compareExpressions(a, b)
  if (decision === 'equal' || !(hasDecimal(a) || hasDecimal(b))) return decision
  const [x, y] = [realNumber(a), realNumber(b)]
  return x !== null && y !== null && within(x, y, rules) ? 'equal' : decision
}

function compareMatrices(a: readonly Expression[][], b: readonly Expression[][], rules: MathRules): Decision {
  if (a.length !== b.length || a.some((row, index) => row.length !== b[index]?.length)) return 'different'
  return every(a.flatMap((row, i) => row.map((entry, j) => compareNumbers(entry, b[i]?.[j] as Expression, rules))))
}

function within(a: number, b: number, rules: MathRules): boolean {
  return Number.isFinite(a) && Number.isFinite(b) && withinTolerance(a, b, rules)
}
