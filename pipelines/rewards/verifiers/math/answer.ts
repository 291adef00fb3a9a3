/**
 * The structure of an answer, read outside-in: several answers, a named one (`x = 5`), relations, sets and intervals, tuples, a value
 * with its unit, words. The values inside are expressions.
 */
import { cleanLatex, insideBraces } from './latex.js'
import { readExpression } from './parse.js'
import { readRelation, relation } from './relations.js'
import { readBrackets, readSet } from './sets.js'
import { splitOutside } from './split.js'
import type { Answer } from './structure.js'
import { splitUnit } from './unit.js'

export function readAnswer(text: string): Answer {
  return readLatex(cleanLatex(text))
}

const separator = /\s*(?:[,;]\s*(?:(?:and|or)(?![a-z]))?|(?<![A-Za-z\\])(?:and|or)(?![a-z]))\s*/u

function readLatex(text: string): Answer {
  const inner = insideBraces(text)
  if (inner !== null) return readLatex(/\||\\mid/u.test(inner) ? `\\{${inner}\\}` : inner)
  const joined = joinedThousands(text)
  const { parts: groups } = splitOutside(joined, /\s*;\s*/u)
  if (groups.length > 1 && groups.some(group => splitOutside(group, separator).parts.length > 1)) {
    return { kind: 'list', items: groups.map(group => grouped(readLatex(group))), either: false }
  }
  const { parts, separators } = splitOutside(joined, separator)
  const filled = parts.filter(part => part !== '')
  if (filled.length === 0 || filled.length > maxItems) return { kind: 'unread', text }
  if (filled.length === 1) return readPart(filled[0] as string)
  const items = withoutConditions(filled).map(readPart)
  return listOf(items, { either: separators.some(found => /or$/u.test(found)) })
}

/** Limit for the answers in a list: each is compared with each. */
const maxItems = 200

/** `1,234` at the top is a number, as it is in English; `1, 234` is a list. Inside of brackets commas separate. */
function joinedThousands(text: string): string {
  const digits = /^(\\?[-+$€£¥]*\s*)(\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+)(?![\d,]| \d)/u
  return text.replace(digits, (_, sign: string, number: string) => `${sign}${number.replace(/[, ]/gu, '')}`)
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

function listOf(items: readonly Answer[], { either }: { either: boolean }): Answer {
  const [first, ...rest] = items
  if (first === undefined || rest.length === 0) return first ?? { kind: 'unread', text: '' }
  if (first.kind !== 'named') return { kind: 'list', items, either }
  const values = items.map(item => (item.kind === 'named' ? item.value : item))
  // `a = 4, -8, -10`: the name is that of all.
  const nameOfAll = rest.every(item => item.kind !== 'named' && item.kind === first.value.kind)
  const oneName = items.every(item => item.kind === 'named' && item.name === first.name)
  if (!(nameOfAll || oneName)) return { kind: 'list', items, either }
  return { ...first, value: togetherOf(values, { either }) }
}

/** Values of one variable: `x < 1 or x > 3` is a union, `x \ne 1, x \ne 2` leaves out both. */
function togetherOf(values: readonly Answer[], { either }: { either: boolean }): Answer {
  const left = values.map(value => (value.kind === 'except' ? value.values : null))
  if (left.every(value => value !== null)) return { kind: 'except', values: left.flat() }
  const sets = values.some(value => value.kind === 'interval' || value.kind === 'union')
  return either && sets ? { kind: 'union', parts: values } : { kind: 'list', items: values, either }
}

function readPart(text: string): Answer {
  const inner = insideBraces(text)
  if (inner !== null) return readLatex(inner)
  const { parts, separators } = splitOutside(text, relation)
  if (separators.length > 0) return readRelation(parts, separators, readPart) ?? { kind: 'unread', text }
  return readSet(text, readPart) ?? readBrackets(text, readLatex) ?? readRatio(text) ?? readValue(text)
}

function readRatio(text: string): Answer | null {
  const { parts } = splitOutside(text, /\s*(?::|\\colon(?![a-z]))\s*/u)
  if (parts.length < 2 || parts.includes('')) return null
  // A time of day is not a ratio.
  if (/^\d{1,2}:[0-5]\d(?::[0-5]\d)?$/u.test(text)) return { kind: 'text', text }
  return { kind: 'ratio', parts: parts.map(readValue) }
}

/** Capital letters in a row (points, options), and words of four letters or more. */
const word = /^(?:[A-Z]{2,}|[A-Za-z][a-z]{3,}|\p{L}{2,}(?:[ '-]\p{L}{2,})*)$/u
/** A list that goes on. */
const dots = /^(?:\\[lc]?dots|\.{2,3}|…)$/u
const inAnotherScript = /[^\u0020-\u024f\u0370-\u03ff]/u

function readValue(text: string): Answer {
  if (/\\(?:pm|mp)(?![a-zA-Z])/u.test(text)) return readSigns(text)
  if (dots.test(text)) return { kind: 'text', text: '...' }
  if (word.test(text) && !/^[a-z]{1,3}$/u.test(text)) return { kind: 'text', text }
  const { number, unit, percent } = splitUnit(text)
  const expression = number === '' ? null : readExpression(percent ? `\\frac{${number}}{100}` : number)
  if (expression !== null) return { kind: 'value', expression, unit, percent, latex: text }
  const hasWords = /\\text|\s\p{L}{2,}|\p{L}{4,}/u.test(text) && !/\\(?!text)/u.test(text)
  return hasWords || inAnotherScript.test(text) ? { kind: 'text', text } : { kind: 'unread', text }
}

/** `a \pm b` is two values. Several signs go together: `\pm ... \mp`. */
function readSigns(text: string): Answer {
  const signed = (upper: string, lower: string) =>
    text.replace(/\\pm(?![a-zA-Z])/gu, upper).replace(/\\mp(?![a-zA-Z])/gu, lower)
  return { kind: 'list', items: [readValue(signed('+', '-')), readValue(signed('-', '+'))], either: true }
}
