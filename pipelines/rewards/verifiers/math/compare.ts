/** Whether two answers are the same, by their structure. Every rule holds for (a, b) and (b, a). */
import type { ExperimentConfig } from '../../../config/schema.js'
import { normalizeText } from '../exact.js'
import { convert } from '../units.js'
import type { Answer } from './answer.js'
import { compareExpressions, type Decision, hasDecimal, realNumber } from './equality.js'
import {
  difference,
  type Expression,
  integerOf,
  matrixEntries,
  product,
  substitute,
  variablesOf,
} from './expression.js'
import { compareRegions, every, matchAll, regionOf } from './region.js'

/** As in the numeric verifier; the tolerance holds only if one of the two values is written as a decimal. */
export type MathRules = Pick<ExperimentConfig['reward'], 'tolerance' | 'absoluteTolerance' | 'units'>

export function compareAnswers(a: Answer, b: Answer, rules: MathRules): Decision {
  const [x, y] = [plainAnswer(a), plainAnswer(b)]
  if (x.kind === 'unread' || y.kind === 'unread') return sameText(x, y)
  if (x.kind === 'text' || y.kind === 'text') return sameText(x, y)
  if (x.kind === 'named' || y.kind === 'named') return compareNamed(x, y, rules)
  if (x.kind === 'list' || y.kind === 'list') return compareLists(x, y, rules)
  if (x.kind === 'value' && y.kind === 'value') return compareValues(x, y, rules)
  if (x.kind === 'tuple' && y.kind === 'tuple') return inOrder(x.items, y.items, rules)
  if (x.kind === 'ratio' || y.kind === 'ratio') return compareRatios(x, y, rules)
  if (x.kind === 'equation' && y.kind === 'equation')
    return sameZeros(difference(x.left, x.right), difference(y.left, y.right), 'any')
  if (x.kind === 'inequality' && y.kind === 'inequality') {
    return x.strict === y.strict
      ? sameZeros(difference(x.high, x.low), difference(y.high, y.low), 'positive')
      : 'different'
  }
  return compareSets(x, y, rules)
}

type Of<K extends Answer['kind']> = Extract<Answer, { kind: K }>

/** Without brackets that hold one answer only: a list or a set of one. */
function plainAnswer(answer: Answer): Answer {
  if (answer.kind === 'list') {
    const items = answer.items.flatMap(item => {
      const plain = plainAnswer(item)
      return plain.kind === 'list' ? plain.items : [plain]
    })
    return items.length === 1 ? (items[0] as Answer) : { ...answer, items }
  }
  if (answer.kind === 'set' && answer.items.length === 1) return plainAnswer(answer.items[0] as Answer)
  return answer
}

function sameText(a: Answer, b: Answer): Decision {
  const [x, y] = [writtenText(a), writtenText(b)]
  return x !== null && x === y ? 'equal' : 'different'
}

function writtenText(answer: Answer): string | null {
  const value = answer.kind === 'named' ? answer.value : answer
  if (value.kind === 'value') return plainText(value.latex)
  return value.kind === 'text' || value.kind === 'unread' ? plainText(value.text) : null
}

/** A single letter keeps its case. */
function plainText(text: string): string {
  const bare = text
    .replace(/\\text\s*\{([^{}]*)\}/gu, '$1')
    .replace(/^\(\s*(\p{L}+)\s*\)$/u, '$1')
    .trim()
  return bare.length < 2 ? bare : normalizeText(bare)
}

function compareNamed(a: Answer, b: Answer, rules: MathRules): Decision {
  if (a.kind === 'named' && b.kind === 'named') {
    if (a.name === b.name) return compareAnswers(a.value, b.value, rules)
    const [x, y] = [equationOf(a), equationOf(b)]
    return x !== null && y !== null ? sameZeros(x, y, 'any') : 'different'
  }
  const [named, other] = (a.kind === 'named' ? [a, b] : [b, a]) as [Of<'named'>, Answer]
  const equation = equationOf(named)
  if (other.kind === 'equation')
    return equation === null ? 'different' : sameZeros(equation, difference(other.left, other.right), 'any')
  // `x = x^2` is not the value x^2.
  if (named.value.kind === 'value' && named.letter && variablesOf(named.value.expression).includes(named.name))
    return 'different'
  return compareAnswers(named.value, other, rules)
}

/** left - right of `name = value`, or null if the name is no variable. */
function equationOf({ name, value, letter }: Of<'named'>): Expression | null {
  if (!letter || value.kind !== 'value' || value.unit !== null) return null
  return difference({ kind: 'symbol', name: name.replace(/^\\/u, '') }, value.expression)
}

/** Whether one is a multiple of the other by a number, other than 0 and of the sign asked for: the same equation, or inequality. */
function sameZeros(a: Expression, b: Expression, sign: 'any' | 'positive'): Decision {
  const variables = variablesOf(a)
  if (variables.join() !== variablesOf(b).join() || variables.length === 0) return compareExpressions(a, b)
  const [atA, atB] = [a, b].map(side =>
    variables.reduce((inner, name, index) => substitute(inner, name, integerOf(1009 + 211 * index)), side),
  ) as [Expression, Expression]
  const [valueA, valueB] = [realNumber(atA), realNumber(atB)]
  if (valueA === null || valueB === null || valueA === 0 || valueB === 0) return 'undecided'
  if (sign === 'positive' && valueA * valueB < 0) return 'different'
  return compareExpressions(product([a, atB]), product([b, atA]))
}

function compareLists(a: Answer, b: Answer, rules: MathRules): Decision {
  const [x, y] = [itemsOf(a), itemsOf(b)]
  if (x === null || y === null) return 'different'
  const same = (left: Answer, right: Answer) => compareAnswers(left, right, rules)
  if (a.kind === 'set' || b.kind === 'set') return matchAll(distinct(x, same), distinct(y, same), same)
  if (isOrdered(a, x) || isOrdered(b, y)) {
    return x.every(isNamed) && y.every(isNamed) ? matchAll(x, y, same) : inOrder(x, y, rules)
  }
  // A solution with several parts that is given twice is one solution.
  const solutions = [...x, ...y].every(item => item.kind === 'tuple')
  return solutions ? matchAll(distinct(x, same), distinct(y, same), same) : matchAll(x, y, same)
}

/** The order counts in tuples, in lists of words, and where each answer has another name on one side. */
function isOrdered(answer: Answer, items: readonly Answer[]): boolean {
  return answer.kind === 'tuple' || items.every(item => item.kind === 'text') || items.every(isNamed)
}

const isNamed = (item: Answer): boolean => item.kind === 'named'

function itemsOf(answer: Answer): readonly Answer[] | null {
  switch (answer.kind) {
    case 'list':
    case 'tuple':
      return answer.items
    case 'set':
      return answer.items.flatMap(item => (item.kind === 'list' ? item.items : [item]))
    default:
      return null
  }
}

function distinct(items: readonly Answer[], same: (a: Answer, b: Answer) => Decision): Answer[] {
  const kept: Answer[] = []
  for (const item of items) if (!kept.some(other => same(other, item) === 'equal')) kept.push(item)
  return kept
}

function inOrder(a: readonly Answer[], b: readonly Answer[], rules: MathRules): Decision {
  if (a.length !== b.length) return 'different'
  return every(a.map((item, index) => compareAnswers(item, b[index] as Answer, rules)))
}

function compareSets(a: Answer, b: Answer, rules: MathRules): Decision {
  if (a.kind === 'set' && b.kind === 'set') return compareLists(a, b, rules)
  // A pair and a set of two are not the same, though both can be sets of numbers.
  const [x, y] = [regionOf(a), regionOf(b)]
  if (
    x === null ||
    y === null ||
    (a.kind === 'set' && b.kind === 'tuple') ||
    (a.kind === 'tuple' && b.kind === 'set')
  ) {
    return 'different'
  }
  return compareRegions(x, y, (low, high) => compareNumbers(low, high, rules))
}

/** `2:4` is `1:2`, and 1/2. */
function compareRatios(a: Answer, b: Answer, rules: MathRules): Decision {
  const quotient = (answer: Answer): Answer => {
    if (answer.kind !== 'ratio') return answer
    const [first, second] = answer.parts
    if (answer.parts.length !== 2 || first?.kind !== 'value' || second?.kind !== 'value')
      return { kind: 'unread', text: '' }
    return { ...first, expression: { kind: 'call', head: 'Divide', args: [first.expression, second.expression] } }
  }
  if (a.kind === 'ratio' && b.kind === 'ratio' && a.parts.length !== 2) return inOrder(a.parts, b.parts, rules)
  const [x, y] = [quotient(a), quotient(b)]
  return x.kind === 'value' && y.kind === 'value' ? compareValues(x, y, rules) : 'different'
}

function compareValues(a: Of<'value'>, b: Of<'value'>, rules: MathRules): Decision {
  const [x, y] = [a.expression, b.expression]
  const bare = compareNumbers(x, y, rules)
  if (rules.units === 'ignore') {
    if (bare === 'equal' || a.percent === b.percent) return bare
    const hundred = (value: Of<'value'>) =>
      value.percent ? product([integerOf(100), value.expression]) : value.expression
    return compareNumbers(hundred(a), hundred(b), rules)
  }
  if (a.unit === null || b.unit === null) {
    if (rules.units === 'require' && (a.unit ?? b.unit) !== null) return 'different'
    return bare === 'equal' ? bare : (radians(a, b, rules) ?? bare)
  }
  const [unitA, unitB] = [plainUnit(a.unit), plainUnit(b.unit)]
  if (unitA === unitB) return bare
  const factor = convert(1, a.unit, b.unit)
  const [from, to] = [realNumber(x), realNumber(y)]
  if (factor === null || from === null || to === null) return 'different'
  const converted = convert(from, a.unit, b.unit)
  if (factor === 1 && converted === from) return bare
  return converted !== null && within(converted, to, rules) ? 'equal' : 'different'
}

const plainUnit = (unit: string): string => unit.replace(/\s+/gu, '').toLowerCase().replace(/s$/u, '')

/** `90°` against `\pi/2`: degrees on one side, a multiple of pi without a unit on the other. */
function radians(a: Of<'value'>, b: Of<'value'>, rules: MathRules): Decision | null {
  const [degrees, other] = a.unit === '°' ? [a, b] : [b, a]
  if (degrees.unit !== '°' || other.unit !== null || !/\\pi/u.test(other.latex)) return null
  const inRadians: Expression = {
    kind: 'call',
    head: 'Divide',
    args: [product([degrees.expression, { kind: 'symbol', name: 'Pi' }]), integerOf(180)],
  }
  return compareNumbers(inRadians, other.expression, rules)
}

/** Expressions, entry by entry for matrices, with the tolerance for decimals. */
function compareNumbers(a: Expression, b: Expression, rules: MathRules): Decision {
  const [rowsA, rowsB] = [matrixEntries(a), matrixEntries(b)]
  if (rowsA !== null || rowsB !== null) {
    if (rowsA === null || rowsB === null || rowsA.length !== rowsB.length) return 'different'
    return every(
      rowsA.map((row, index) => {
        const other = rowsB[index] as readonly Expression[]
        return row.length === other.length
          ? every(row.map((entry, column) => compareNumbers(entry, other[column] as Expression, rules)))
          : 'different'
      }),
    )
  }
  const decision = compareExpressions(a, b)
  if (decision === 'equal' || !(hasDecimal(a) || hasDecimal(b))) return decision
  const [x, y] = [realNumber(a), realNumber(b)]
  return x !== null && y !== null && within(x, y, rules) ? 'equal' : decision
}

function within(a: number, b: number, { tolerance, absoluteTolerance }: MathRules): boolean {
  const distance = Math.abs(a - b)
  return distance <= tolerance * Math.max(Math.abs(a), Math.abs(b)) || distance <= absoluteTolerance
}
