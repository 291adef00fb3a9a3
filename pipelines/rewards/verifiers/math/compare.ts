/** Whether two answers are the same, by their structure. Every rule holds for (a, b) and (b, a). */
import { normalizeText } from '../exact.js'
import { compareExpressions, type Decision, realNumber } from './equality.js'
import { difference, type Expression, integerOf, product, quotient, substitute, variablesOf } from './expression.js'
import { compareRegions, every, matchAll, regionOf } from './region.js'
import type { Answer, Of } from './structure.js'
import { compareNumbers, compareValues, type MathRules } from './values.js'

export function compareAnswers(a: Answer, b: Answer, rules: MathRules): Decision {
  const [x, y] = [plainAnswer(a), plainAnswer(b)]
  if (x.kind === 'unread' || y.kind === 'unread') return sameText(x, y)
  if (x.kind === 'text' || y.kind === 'text') return sameText(x, y)
  if (x.kind === 'named' || y.kind === 'named') return compareNamed(x, y, rules)
  if (x.kind === 'list' || y.kind === 'list') return compareLists(x, y, rules)
  if (x.kind === 'value' && y.kind === 'value') return compareValues(x, y, rules)
  if (x.kind === 'tuple' && y.kind === 'tuple') return inOrder(byName(x.items), byName(y.items), rules)
  if (x.kind === 'ratio' || y.kind === 'ratio') return compareRatios(x, y, rules)
  if (x.kind === 'equation' && y.kind === 'equation') {
    return sameZeros(difference(x.left, x.right), difference(y.left, y.right), 'any')
  }
  if (x.kind === 'inequality' && y.kind === 'inequality') {
    const sides = [difference(x.high, x.low), difference(y.high, y.low)] as const
    return x.strict === y.strict ? sameZeros(...sides, 'positive') : 'different'
  }
  return compareSets(x, y, rules)
}

/** Without brackets that hold one answer only: a list or a set of one. */
function plainAnswer(answer: Answer): Answer {
  if (answer.kind === 'set' && answer.items.length === 1) return plainAnswer(answer.items[0] as Answer)
  if (answer.kind !== 'list') return answer
  const items = answer.items.flatMap(item => {
    const plain = plainAnswer(item)
    return plain.kind === 'list' ? plain.items : [plain]
  })
  return items.length === 1 ? (items[0] as Answer) : { ...answer, items }
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
    const renamed = sameFunction(a, b)
    if (renamed !== null) return compareAnswers(a.value, renamed, rules)
    const [x, y] = [equationOf(a), equationOf(b)]
    return x !== null && y !== null ? sameZeros(x, y, 'any') : 'different'
  }
  const [named, other] = (a.kind === 'named' ? [a, b] : [b, a]) as [Of<'named'>, Answer]
  const equation = equationOf(named)
  if (other.kind === 'equation') {
    return equation === null ? 'different' : sameZeros(equation, difference(other.left, other.right), 'any')
  }
  // `x = x^2` is not the value x^2.
  const inItself =
    named.letter && named.value.kind === 'value' && variablesOf(named.value.expression).includes(named.name)
  // Several values of one variable are neither a point nor values of several variables.
  const several = named.value.kind === 'list' && (other.kind === 'tuple' || hasOtherName(other, named.name))
  return inItself || several ? 'different' : compareAnswers(named.value, other, rules)
}

const hasOtherName = (answer: Answer, name: string): boolean =>
  answer.kind === 'list' && answer.items.some(item => item.kind === 'named' && item.name !== name)

const functionOf = /^([a-zA-Z])\(([a-z])\)$/u

/** The value of `b` with the variable of `a`, if both name the same: x and x, f(x) and f(t), f(x) and y. Null if they do not. */
function sameFunction(a: Of<'named'>, b: Of<'named'>): Answer | null {
  if (a.name === b.name) return b.value
  const [first, second] = [functionOf.exec(a.name), functionOf.exec(b.name)]
  if (first !== null && second !== null && first[1] === second[1]) {
    return withVariable(b.value, second[2] as string, { kind: 'symbol', name: first[2] as string })
  }
  const isGraph = (found: RegExpExecArray | null, other: string) => found !== null && found[2] !== 'y' && other === 'y'
  return isGraph(first, b.name) || isGraph(second, a.name) ? b.value : null
}

/** The answer with another variable; null if it is no value and no list of values. */
function withVariable(answer: Answer, name: string, variable: Expression): Answer | null {
  if (answer.kind === 'value') return { ...answer, expression: substitute(answer.expression, name, variable) }
  if (answer.kind !== 'list') return null
  const items = answer.items.map(item => withVariable(item, name, variable))
  return items.every(item => item !== null) ? { ...answer, items } : null
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
  if (isSetOfNamed(a, y) || isSetOfNamed(b, x) || isEither(a, b) || isEither(b, a)) return 'different'
  if (a.kind === 'set' || b.kind === 'set') return matchAll(distinct(x, same), distinct(y, same), same)
  if (isOrdered(a, x) || isOrdered(b, y)) {
    if (x.every(isNamed) && y.every(isNamed)) return matchAll(x, y, same)
    // The coordinates of a point are in the order of their names.
    return a.kind === 'tuple' || b.kind === 'tuple' ? inOrder(byName(x), byName(y), rules) : inOrder(x, y, rules)
  }
  // A solution with several parts that is given twice is one solution.
  const solutions = [...x, ...y].every(item => item.kind === 'tuple')
  return solutions ? matchAll(distinct(x, same), distinct(y, same), same) : matchAll(x, y, same)
}

/** A set has no order, so it does not say which of several names has which value. */
const isSetOfNamed = (answer: Answer, others: readonly Answer[]): boolean =>
  answer.kind === 'set' && others.length > 1 && others.every(isNamed) && !answer.items.every(isNamed)

/** `1 or 2` is not the point (1, 2). */
const isEither = (answer: Answer, other: Answer): boolean =>
  answer.kind === 'list' && answer.either && other.kind === 'tuple'

/** The order counts in tuples, in lists of words and lists that go on, and where each answer has another name on one side. */
function isOrdered(answer: Answer, items: readonly Answer[]): boolean {
  return answer.kind === 'tuple' || items.every(item => item.kind === 'text') || items.every(isNamed) || goesOn(items)
}

const goesOn = (items: readonly Answer[]): boolean => items.some(item => item.kind === 'text' && item.text === '...')
const isNamed = (item: Answer): item is Of<'named'> => item.kind === 'named'

/** Named items by their names; others as they are. */
function byName(items: readonly Answer[]): readonly Answer[] {
  return items.every(isNamed) ? [...items].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)) : items
}

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
  if ((a.kind === 'set' && b.kind === 'tuple') || (a.kind === 'tuple' && b.kind === 'set')) return 'different'
  const [x, y] = [regionOf(a), regionOf(b)]
  if (x === null || y === null) return 'different'
  return compareRegions(x, y, (low, high) => compareNumbers(low, high, rules))
}

/** `2:4` is `1:2`, and 1/2; `3:4:5` is `6:8:10`. */
function compareRatios(a: Answer, b: Answer, rules: MathRules): Decision {
  if (a.kind === 'ratio' && b.kind === 'ratio') {
    const [x, y] = [sharesOf(a), sharesOf(b)]
    if (x === null || y === null || x.length !== y.length) return 'different'
    return every(x.map((share, index) => compareNumbers(share, y[index] as Expression, rules)))
  }
  const [ratio, other] = (a.kind === 'ratio' ? [a, b] : [b, a]) as [Of<'ratio'>, Answer]
  const [inverse, ...rest] = sharesOf(ratio) ?? []
  if (other.kind !== 'value' || other.unit !== null || inverse === undefined || rest.length > 0) return 'different'
  return compareNumbers(quotient(integerOf(1), inverse), other.expression, rules)
}

/** Each part behind the first over the first; null if a part is no plain value. */
function sharesOf({ parts }: Of<'ratio'>): Expression[] | null {
  const values = parts.map(part => (part.kind === 'value' && part.unit === null ? part.expression : null))
  if (!values.every(value => value !== null)) return null
  const [first, ...rest] = values
  return rest.map(value => quotient(value, first as Expression))
}
