/**
 * The numeric verifier: answer and reference are the same number, however each is written. Integers are compared exactly, at any size.
 * For other numbers a tolerance holds. Units are converted, ignored or asked for.
 */
import type { ExperimentConfig } from '../../config/schema.js'
import { withoutPresentation } from '../presentation.js'
import type { Verdict } from '../verdict.js'
import { type ExactNumber, isInteger, plainNumber, readExactly, toDouble } from './number.js'
import { convert, splitUnit } from './units.js'

/** `tolerance`: share of the larger of the two sizes. `absoluteTolerance`: in the unit of the reference. */
export type NumericRules = Pick<ExperimentConfig['reward'], 'tolerance' | 'absoluteTolerance' | 'units'>

interface Quantity {
  number: ExactNumber
  unit: string | null
}

/** Unscored if the reference is not a number, with or without a unit. */
export function verifyNumeric({
  answer,
  reference,
  rules,
}: {
  answer: string | null
  reference: string
  rules: NumericRules
}): Verdict {
  const expected = readQuantity(reference)
  if (expected === null) return 'unscored'
  const found = answer === null ? null : readQuantity(answer)
  return found !== null && sameQuantity(found, expected, rules) ? 'correct' : 'wrong'
}

function readQuantity(text: string): Quantity | null {
  const plain = withoutPresentation(text)
  const bare = readExactly(plainNumber(plain))
  if (bare !== null) return { number: bare, unit: null }
  const { number, unit } = splitUnit(plain)
  if (unit === null) return null
  const read = readExactly(plainNumber(number))
  return read === null ? null : { number: read, unit }
}

function sameQuantity(answer: Quantity, reference: Quantity, rules: NumericRules): boolean {
  if (rules.units === 'ignore') {
    return sameNumber(answer.number, reference.number, rules) || samePercent(answer.number, reference.number, rules)
  }
  if (answer.unit === null || reference.unit === null) {
    if (rules.units === 'require' && reference.unit !== null) return false
    return sameNumber(answer.number, reference.number, rules)
  }
  const converted = convert(toDouble(answer.number), answer.unit, reference.unit)
  if (converted === null) return false
  const unchanged = converted === toDouble(answer.number)
  return unchanged
    ? sameNumber(answer.number, reference.number, rules)
    : withinTolerance(converted, toDouble(reference.number), rules)
}

function sameNumber(a: ExactNumber, b: ExactNumber, rules: NumericRules): boolean {
  if (a.numerator * b.denominator === b.numerator * a.denominator) return true
  if (isInteger(a) && isInteger(b)) return false
  return withinTolerance(toDouble(a), toDouble(b), rules)
}

/** `50%` and `50`, where the percent sign is ignored as units are. */
function samePercent(a: ExactNumber, b: ExactNumber, rules: NumericRules): boolean {
  if (a.percent === b.percent) return false
  const bare = (number: ExactNumber) => (number.percent ? { ...number, numerator: number.numerator * 100n } : number)
  return sameNumber(bare(a), bare(b), rules)
}

/** |a - b| <= tolerance * max(|a|, |b|) or <= absoluteTolerance: the same for (a, b) and (b, a). */
export function withinTolerance(a: number, b: number, { tolerance, absoluteTolerance }: NumericRules): boolean {
  const distance = Math.abs(a - b)
  return distance <= tolerance * Math.max(Math.abs(a), Math.abs(b)) || distance <= absoluteTolerance
}
