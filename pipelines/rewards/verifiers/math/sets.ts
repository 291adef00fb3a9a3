/** Sets, intervals and tuples, by their brackets. */
import { type Expression, infinity, minusInfinity } from './expression.js'
import { isLetter, oneName } from './names.js'
import { readExpression } from './parse.js'
import { holdsAll, splitOutside } from './split.js'
import type { Answer } from './structure.js'

type Read = (text: string) => Answer

const realLine =
  /^(?:\\mathbb\s*\{?\s*R\s*\}?|\\R|\\Reals|\\text\s*\{\s*(?:all )?real(?: number)?s\s*\}|(?:all )?real numbers)$/iu
const nothing = /^(?:\\emptyset|\\\{\s*\\\}|no (?:real )?solutions?|\\text\s*\{\s*no (?:real )?solutions?\s*\})$/iu

/** Unions, differences, the real line, the empty set; null for anything else. */
export function readSet(text: string, readPart: Read): Answer | null {
  if (realLine.test(text)) return wholeLine
  if (nothing.test(text)) return { kind: 'set', items: [] }
  const { parts } = splitOutside(text, /\s*\\cup(?![a-zA-Z])\s*/u)
  if (parts.length > 1) return { kind: 'union', parts: parts.map(readPart) }
  const { parts: sides } = splitOutside(text, /\s*\\setminus(?![a-zA-Z])\s*/u)
  const [whole, removed] = sides
  if (sides.length !== 2 || whole === undefined || removed === undefined) return null
  const points = readPart(removed)
  if (!realLine.test(whole) || points.kind !== 'set') return null
  const values = points.items.map(item => (item.kind === 'value' ? item.expression : null))
  return values.every(value => value !== null) ? { kind: 'except', values } : null
}

const wholeLine: Answer = { kind: 'interval', low: minusInfinity, high: infinity, openLow: true, openHigh: true }

/** `(1, 2)`, `[0, 1)`, `\{1, 2\}`, `\langle 1, 2 \rangle`; null if the text is not one pair of brackets around several parts. */
export function readBrackets(text: string, readLatex: Read): Answer | null {
  const match = /^(\\\{|\\langle|[([\]])\s*(.*?)\s*(\\\}|\\rangle|[)\][])$/su.exec(text)
  if (match === null || !holdsAll(text)) return null
  const [, opening = '', inner = '', closing = ''] = match
  if (opening === '\\{' && closing === '\\}') return readBraces(inner, readLatex)
  const { parts } = splitOutside(inner, /\s*[,;]\s*/u)
  if (parts.length < 2) return null
  if (pairs.has(opening + closing) || (parts.length > 2 && opening === '[' && closing === ']')) {
    return { kind: 'tuple', items: parts.map(readLatex), round: opening === '(' }
  }
  if (parts.length > 2 || !/^[([\]]$/u.test(opening) || !/^[)\][]$/u.test(closing)) return null
  const [low, high] = parts.map(readExpression) as [Expression | null, Expression | null]
  if (low === null || high === null) return null
  return { kind: 'interval', low, high, openLow: opening !== '[', openHigh: closing !== ']' }
}

const pairs = new Set(['()', '\\langle\\rangle'])

/** `\{1, 2\}`, and `\{x \mid x > 2\}`, which is its condition. */
function readBraces(inner: string, readLatex: Read): Answer | null {
  if (inner === '') return { kind: 'set', items: [] }
  const { parts: sides } = splitOutside(inner, /\s*(?:\\mid(?![a-zA-Z])|:|(?<=[a-zA-Z}]\s*)\|)\s*/u)
  const [variable, condition] = sides
  if (sides.length === 2 && variable !== undefined && condition !== undefined) {
    const name = variable.replace(/\s*\\in\s*\\mathbb\s*\{?R\}?$/u, '')
    const read = isLetter(name) ? readLatex(condition) : null
    return read?.kind === 'named' && read.name === oneName(name) ? read.value : null
  }
  const read = readLatex(inner)
  return { kind: 'set', items: read.kind === 'list' ? read.items : [read] }
}
