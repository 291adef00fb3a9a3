/** The structures of answers. */
import type { Expression } from './expression.js'
import { isLetter, oneName } from './names.js'

export interface Bounds {
  low: Expression
  high: Expression
  openLow: boolean
  openHigh: boolean
}

export type Answer =
  | { kind: 'value'; expression: Expression; unit: string | null; percent: boolean; latex: string }
  | { kind: 'text'; text: string }
  /** Parentheses or angle brackets; with two items it may be an open interval. */
  | { kind: 'tuple'; items: readonly Answer[]; round: boolean }
  | ({ kind: 'interval' } & Bounds)
  | { kind: 'set'; items: readonly Answer[] }
  | { kind: 'union'; parts: readonly Answer[] }
  /** All real numbers but these. */
  | { kind: 'except'; values: readonly Expression[] }
  /** Several answers without brackets; `either`: joined by "or", or by a sign for both. */
  | { kind: 'list'; items: readonly Answer[]; either: boolean }
  | { kind: 'named'; name: string; value: Answer; letter: boolean }
  | { kind: 'ratio'; parts: readonly Answer[] }
  | { kind: 'equation'; left: Expression; right: Expression }
  /** low < high, or low <= high. */
  | { kind: 'inequality'; low: Expression; high: Expression; strict: boolean }
  | { kind: 'unread'; text: string }

export type Of<K extends Answer['kind']> = Extract<Answer, { kind: K }>

export function named(name: string, value: Answer): Of<'named'> {
  return { kind: 'named', name: oneName(name), value, letter: isLetter(name) }
}

/** Whether every part of it could be read. */
export function isRead(answer: Answer): boolean {
  switch (answer.kind) {
    case 'unread':
      return false
    case 'list':
    case 'set':
    case 'tuple':
      return answer.items.every(isRead)
    case 'union':
    case 'ratio':
      return answer.parts.every(isRead)
    case 'named':
      return isRead(answer.value)
    default:
      return true
  }
}
