/**
 * The structure of an answer, read outside-in: several answers, a named one (`x = 5`), relations, sets and intervals, tuples, a value
 * with its unit, words. The values inside are expressions.
 */
import { difference, type Expression, integerOf, product, readExpression } from './expression.js'
import { cleanLatex, insideBraces } from './latex.js'
import { type Bounds, boundAbsolute, solveLinear } from './linear.js'
import { isLetter, isName, namesOf, oneName } from './names.js'
import { splitOutside } from './split.js'
import { splitUnit } from './unit.js'

export type Answer =
  | { kind: 'value'; expression: Expression; unit: string | null; percent: boolean; latex: string }
  | { kind: 'text'; text: string }
  /** Parentheses or angle brackets; with two items it may be an open interval. */
  | { kind: 'tuple'; items: readonly Answer[]; round: boolean }
  | { kind: 'interval'; low: Expression; high: Expression; openLow: boolean; openHigh: boolean }
  | { kind: 'set'; items: readonly Answer[] }
  | { kind: 'union'; parts: readonly Answer[] }
  /** Several answers without brackets. */
  | { kind: 'list'; items: readonly Answer[]; either: boolean }
  | { kind: 'named'; name: string; value: Answer; letter: boolean }
  | { kind: 'ratio'; parts: readonly Answer[] }
  | { kind: 'equation'; left: Expression; right: Expression }
  /** low < high, or low <= high. */
  | { kind: 'inequality'; low: Expression; high: Expression; strict: boolean }
  | { kind: 'unread'; text: string }

export function readAnswer(text: string): Answer {
  return readLatex(cleanLatex(text))
}

const separator = /\s*(?:[,;]\s*(?:(?:and|or)(?![a-z]))?|(?<![A-Za-z\\])(?:and|or)(?![a-z]))\s*/u

export function readLatex(text: string): Answer {
  const inner = insideBraces(text)
  if (inner !== null) return readLatex(inner)
  const ungrouped = thousands(text)
  const { parts: groups } = splitOutside(ungrouped, /\s*;\s*/u)
  if (groups.length > 1 && groups.some(group => splitOutside(group, separator).parts.length > 1)) {
    return { kind: 'list', items: groups.map(group => grouped(readLatex(group))), either: false }
  }
  const { parts, separators } = splitOutside(ungrouped, separator)
  const filled = parts.filter(part => part !== '')
  if (filled.length === 0) return { kind: 'unread', text }
  if (filled.length === 1) return readPart(filled[0] as string)
  const either = separators.some(found => /or$/u.test(found))
  return listOf(withoutConditions(filled).map(readPart), either)
}

/** `1,234` at the top is a number, as it is in English; `1, 234` is a list. Inside of brackets commas separate. */
function thousands(text: string): string {
  return text.replace(
    /^(\\?[-+$€£¥]*\s*)(\d{1,3}(?:,\d{3})+)(?![\d,])|^([-+]?)(\d{1,3}(?: \d{3})+)(?![\d,]| \d)/u,
    (...match) => {
      const [, before, commas, sign, spaces] = match as unknown as (string | undefined)[]
      return commas === undefined ? `${sign}${spaces?.replaceAll(' ', '')}` : `${before}${commas.replaceAll(',', '')}`
    },
  )
}

/** The assignments of one solution, `p=5,q=2`, are one tuple. */
function grouped(answer: Answer): Answer {
  return answer.kind === 'list' ? { kind: 'tuple', items: answer.items, round: false } : answer
}

/** Without `k \in \mathbb{Z}` behind the answer that it is about. */
function withoutConditions(parts: readonly string[]): readonly string[] {
  const left = parts.filter(part => !/^[a-z]\s*\\in\s*\\mathbb\s*\{?[ZN]\}?$/u.test(part))
  return left.length === 0 ? parts : left
}

/** `a = 4, -8, -10`: the name is that of all. */
function listOf(items: readonly Answer[], either: boolean): Answer {
  const [first, ...rest] = items
  if (first === undefined || rest.length === 0) return first ?? { kind: 'unread', text: '' }
  if (first.kind === 'named' && rest.every(item => item.kind !== 'named' && item.kind === first.value.kind)) {
    return { ...first, value: { kind: 'list', items: [first.value, ...rest], either } }
  }
  const names = new Set(items.map(item => (item.kind === 'named' ? item.name : null)))
  const [name] = names
  if (first.kind === 'named' && names.size === 1 && name !== null) {
    return { ...first, value: either ? joined(items) : { kind: 'list', items: items.map(unnamed), either } }
  }
  return { kind: 'list', items, either }
}

const unnamed = (item: Answer): Answer => (item.kind === 'named' ? item.value : item)

/** `x < 1 or x > 3` is a union. */
function joined(items: readonly Answer[]): Answer {
  const values = items.map(unnamed)
  const sets = values.some(value => value.kind === 'interval' || value.kind === 'union')
  return sets ? { kind: 'union', parts: values } : { kind: 'list', items: values, either: true }
}

const relation = /\s*(?:\\(?:le|ge|ne|in|approx|notin)(?![a-zA-Z])|[=<>])\s*/u

function readPart(text: string): Answer {
  const inner = insideBraces(text)
  if (inner !== null) return readLatex(inner)
  const { parts, separators } = splitOutside(text, relation)
  if (separators.length > 0) return readRelation(parts, separators) ?? { kind: 'unread', text }
  return readSet(text) ?? readBrackets(text) ?? readRatio(text) ?? readValue(text)
}

function readRelation(given: readonly string[], found: readonly string[]): Answer | null {
  const { parts, operators } = withoutApproximations(given, found)
  if (parts.includes('')) {
    // `= 5`, `\approx 5`: only the sign before the value.
    return parts.length === 2 && parts[0] === '' && operators[0] === '=' ? readPart(parts[1] as string) : null
  }
  if (operators.length === 0) return readPart(parts[0] as string)
  const [first, second] = parts as [string, string]
  if (operators.every(operator => operator === '=')) return readEquality(parts)
  if (operators.length === 1 && operators[0] === '\\in') {
    return isName(first) ? named(first, readPart(second)) : null
  }
  if (operators.length === 1 && operators[0] === '\\ne') {
    const value = readExpression(second)
    return isName(first) && value !== null ? named(first, allBut([value])) : null
  }
  return readInequality(parts, operators)
}

/** Exact values stand before `\approx`; only behind a name does it give the value. */
function withoutApproximations(parts: readonly string[], operators: readonly string[]) {
  const first = operators.indexOf('\\approx')
  if (first < 0) return { parts, operators }
  const named = first === 0 && (parts[0] === '' || isName(parts[0] as string))
  const end = named ? 1 : first
  return { parts: parts.slice(0, end + 1), operators: named ? ['='] : operators.slice(0, end) }
}

function named(name: string, value: Answer): Answer {
  return { kind: 'named', name: oneName(name), value, letter: isLetter(name) }
}

/** `x = 5`, `x = 2 + 3 = 5`, `5 = x`, `(x, y) = (1, 2)`, `x + y = 5`. */
function readEquality(parts: readonly string[]): Answer | null {
  const [first, last] = [parts[0] as string, parts.at(-1) as string]
  if (isName(first) && !(parts.length === 2 && isName(last) && !isLetter(first))) return assigned(first, readPart(last))
  if (parts.length === 2 && isName(last)) return assigned(last, readPart(first))
  if (parts.length !== 2) return null
  const [left, right] = [readExpression(first), readExpression(last)]
  return left === null || right === null ? null : { kind: 'equation', left, right }
}

function assigned(name: string, value: Answer): Answer {
  const names = namesOf(name)
  if (names !== null && value.kind === 'tuple' && value.items.length === names.length) {
    return {
      kind: 'tuple',
      round: true,
      items: value.items.map((item, index) => ({
        kind: 'named',
        name: names[index] as string,
        value: item,
        letter: true,
      })),
    }
  }
  return named(name, value)
}

function readInequality(parts: readonly string[], operators: readonly string[]): Answer | null {
  const rising = operators.every(operator => operator === '<' || operator === '\\le')
  const falling = operators.every(operator => operator === '>' || operator === '\\ge')
  if (!(rising || falling) || parts.length > 3) return null
  const [sides, signs] = rising ? [parts, operators] : [[...parts].reverse(), [...operators].reverse()]
  const strict = signs.map(sign => sign === '<' || sign === '>')
  const [a, b, c] = sides as [string, string, string | undefined]
  if (c !== undefined) {
    const [low, high] = [readExpression(a), readExpression(c)]
    if (low === null || high === null) return null
    const bounds = { low, high, openLow: strict[0] as boolean, openHigh: strict[1] as boolean }
    const within = bounded(b, bounds)
    if (within !== null) return within
    const middle = readExpression(b)
    if (middle === null) return null
    const inequalities: Answer[] = [
      { kind: 'inequality', low, high: middle, strict: bounds.openLow },
      { kind: 'inequality', low: middle, high, strict: bounds.openHigh },
    ]
    return { kind: 'list', items: inequalities, either: false }
  }
  const [low, high] = [readExpression(a), readExpression(b)]
  if (low === null || high === null) return null
  const open = strict[0] as boolean
  const below = isName(b) ? null : bounded(a, { low: minusInfinity, high, openLow: true, openHigh: open })
  const above = isName(a) ? null : bounded(b, { low, high: infinity, openLow: open, openHigh: true })
  if (below !== null || above !== null) return below ?? above
  const solved = solveLinear(difference(high, low))
  if (solved === null) return { kind: 'inequality', low, high, strict: open }
  const value: Answer = solved.rising
    ? { kind: 'interval', low: solved.zero, high: infinity, openLow: open, openHigh: true }
    : { kind: 'interval', low: minusInfinity, high: solved.zero, openLow: true, openHigh: open }
  return named(solved.variable, value)
}

/** A name, or the absolute value of a linear expression, between two bounds; null for anything else. */
function bounded(text: string, bounds: Bounds): Answer | null {
  const inner = /^\|(.*)\|$/u.exec(text)?.[1]
  const absolute = inner === undefined ? null : readExpression(inner)
  const solved = absolute === null ? null : boundAbsolute(absolute, bounds)
  if (solved !== null) {
    return named(solved.variable, { kind: 'union', parts: solved.parts.map(part => ({ kind: 'interval', ...part })) })
  }
  return isName(text) ? named(text, { kind: 'interval', ...bounds }) : null
}

const infinity: Expression = { kind: 'symbol', name: 'PositiveInfinity' }
const minusInfinity: Expression = product([integerOf(-1), infinity])

/** All real numbers but these, which are in ascending order. */
function allBut(values: readonly Expression[]): Answer {
  const edges = [minusInfinity, ...values, infinity]
  return {
    kind: 'union',
    parts: values.concat(infinity).map((high, index) => ({
      kind: 'interval',
      low: edges[index] as Expression,
      high,
      openLow: true,
      openHigh: true,
    })),
  }
}

const realLine =
  /^(?:\\mathbb\s*\{?\s*R\s*\}?|\\R|\\Reals|\\text\s*\{\s*(?:all )?real(?: number)?s\s*\}|(?:all )?real numbers)$/iu
const nothing = /^(?:\\emptyset|\\\{\s*\\\}|no (?:real )?solutions?|\\text\s*\{\s*no (?:real )?solutions?\s*\})$/iu

/** Unions, differences, the real line, the empty set. */
function readSet(text: string): Answer | null {
  if (realLine.test(text))
    return { kind: 'interval', low: minusInfinity, high: infinity, openLow: true, openHigh: true }
  if (nothing.test(text)) return { kind: 'set', items: [] }
  const { parts } = splitOutside(text, /\s*\\cup(?![a-zA-Z])\s*/u)
  if (parts.length > 1) return { kind: 'union', parts: parts.map(readPart) }
  const { parts: sides } = splitOutside(text, /\s*\\setminus(?![a-zA-Z])\s*/u)
  const [whole, removed] = sides
  if (sides.length === 2 && whole !== undefined && removed !== undefined && realLine.test(whole)) {
    const points = readPart(removed)
    const values =
      points.kind === 'set' ? points.items.map(item => (item.kind === 'value' ? item.expression : null)) : [null]
    return values.length === 1 && values[0] != null ? allBut([values[0]]) : null
  }
  return null
}

/** The text between a pair of brackets that hold the whole. */
function readBrackets(text: string): Answer | null {
  const match = /^(\\\{|\\langle|[([\]])\s*(.*?)\s*(\\\}|\\rangle|[)\][])$/su.exec(text)
  const [, opening = '', inner = '', closing = ''] = match ?? []
  if (match === null || splitOutside(text, /(?<=[)\]}])(?=.)|(?<=\\rangle)(?=.)/u).parts.length > 1) return null
  if (opening === '\\{' && closing === '\\}') return readBraces(inner)
  const { parts } = splitOutside(inner, /\s*[,;]\s*/u)
  if (parts.length < 2) return null
  if ((opening === '(' && closing === ')') || (opening === '\\langle' && closing === '\\rangle')) {
    return { kind: 'tuple', items: parts.map(readLatex), round: opening === '(' }
  }
  if (opening === '\\langle' || closing === '\\rangle' || opening === '\\{' || closing === '\\}') return null
  if (parts.length > 2) {
    return opening === '[' && closing === ']' ? { kind: 'tuple', items: parts.map(readLatex), round: false } : null
  }
  const [low, high] = parts.map(readExpression)
  if (low == null || high == null) return null
  return { kind: 'interval', low, high, openLow: opening !== '[', openHigh: closing !== ']' }
}

/** `\{1, 2\}`, and `\{x \mid x > 2\}`, which is its condition. */
function readBraces(inner: string): Answer | null {
  if (inner === '') return { kind: 'set', items: [] }
  const { parts: sides } = splitOutside(inner, /\s*(?:\\mid(?![a-zA-Z])|:|(?<=[a-zA-Z}]\s*)\|)\s*/u)
  const [variable, condition] = sides
  if (sides.length === 2 && variable !== undefined && condition !== undefined) {
    const name = variable.replace(/\s*\\in\s*\\mathbb\s*\{?R\}?$/u, '')
    const read = isLetter(name) ? readLatex(condition) : null
    return read?.kind === 'named' && read.name === oneName(name) ? read.value : null
  }
  const { parts } = splitOutside(inner, separator)
  return { kind: 'set', items: parts.map(readPart) }
}

function readRatio(text: string): Answer | null {
  const { parts } = splitOutside(text, /\s*(?::|\\colon(?![a-z]))\s*/u)
  if (parts.length < 2 || parts.includes('')) return null
  // A time of day is not a ratio.
  if (/^\d{1,2}:[0-5]\d(?::[0-5]\d)?$/u.test(text)) return { kind: 'text', text }
  return { kind: 'ratio', parts: parts.map(readValue) }
}

/** Capital letters in a row (points, options), and words of four letters or more. */
const word = /^(?:[A-Z]{2,}|[A-Za-z][a-z]{3,}|(?:\p{L}{2,}[ '-]?)+\p{L}*)$/u
const latinFree = /[^\u0020-\u024f\u0370-\u03ff]/u

function readValue(text: string): Answer {
  if (/\\(?:pm|mp)(?![a-zA-Z])/u.test(text)) return readSigns(text)
  if (word.test(text) && !/^[a-z]{1,3}$/u.test(text)) return { kind: 'text', text }
  const { number, unit, percent } = splitUnit(text)
  const expression = readExpression(percent ? `\\frac{${number}}{100}` : number)
  if (expression !== null && number !== '') return { kind: 'value', expression, unit, percent, latex: text }
  return /\\text|\s\p{L}{2,}|\p{L}{4,}/u.test(text) && !/\\(?!text)/u.test(text)
    ? { kind: 'text', text }
    : latinFree.test(text)
      ? { kind: 'text', text }
      : { kind: 'unread', text }
}

/** `a \pm b` is two values. Several signs go together: `\pm ... \mp`. */
function readSigns(text: string): Answer {
  const upper = text.replace(/\\pm(?![a-zA-Z])/gu, '+').replace(/\\mp(?![a-zA-Z])/gu, '-')
  const lower = text.replace(/\\pm(?![a-zA-Z])/gu, '-').replace(/\\mp(?![a-zA-Z])/gu, '+')
  return { kind: 'list', items: [readValue(upper), readValue(lower)], either: true }
}
