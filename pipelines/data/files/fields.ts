/** Readers of the values of a data row. An invalid one throws BadField with the reason and the column's name. */
import { readPoints } from '../forms/points.js'
import type { Prompt } from '../item.js'
import { WrittenNumber } from './written-number.js'

/** Why a row cannot be used. Caught by the reader of the row. */
export class BadField extends Error {}

export type Fields = Readonly<Record<string, unknown>>

/** Text that is not blank; a number is the text it was written as. `column` and `what` name the value in messages. */
export function requiredText(value: unknown, column: string, what: string): string {
  if (value === undefined || value === null || value === '') throw new BadField(`no ${what} (${column})`)
  const text = textOf(value)
  if (text === null) throw new BadField(`the ${what} (${column}) is ${kindOf(value)}, text is expected`)
  if (text.trim() === '') throw new BadField(`no ${what} (${column} is blank)`)
  return text
}

/** A finite number, or text that writes one as people write points (points.ts). */
export function requiredNumber(value: unknown, column: string, what: string): number {
  if (value === undefined || value === null || value === '') throw new BadField(`no ${what} (${column})`)
  const number = numberOf(value)
  if (number === null) throw new BadField(`the ${what} (${column}) is ${kindOf(value)}, a number is expected`)
  if (!Number.isFinite(number)) throw new BadField(`the ${what} (${column}) is ${number}, a finite number is expected`)
  return number
}

function numberOf(value: unknown): number | null {
  if (value instanceof WrittenNumber) return value.value
  if (typeof value === 'string') return readPoints(value)
  return typeof value === 'number' ? value : null
}

/** Text, or chat messages of which at least one is not blank. */
export function requiredPrompt(value: unknown, column: string): Prompt {
  if (!Array.isArray(value)) return requiredText(value, column, 'prompt')
  const messages = value.map((message: unknown, index) => {
    if (!isFields(message)) throw new BadField(`message ${index + 1} of the prompt (${column}) is ${kindOf(message)}`)
    const { role, content } = message
    if (typeof role !== 'string' || typeof content !== 'string') {
      throw new BadField(`message ${index + 1} of the prompt (${column}) has no role and content in text`)
    }
    return { role, content }
  })
  if (messages.every(({ content }) => content.trim() === '')) throw new BadField(`no prompt (${column} says nothing)`)
  return messages
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WrittenNumber)
}

/** Text of text or of a number; null for anything else. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value
  return value instanceof WrittenNumber && Number.isFinite(value.value) ? value.text : null
}

/** The kind of a value, for messages. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof WrittenNumber) return `number ${value.text}`
  if (typeof value === 'string') return `text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`
  return typeof value === 'object' ? 'an object' : `${typeof value} ${String(value)}`
}
