/** Readers of the fields of a data row. An invalid field throws BadField with the reason and the field's name. */
import type { Prompt } from '../item.js'
import { WrittenNumber } from './written-number.js'

/** Why a row cannot be used. Caught by the reader of the row. */
export class BadField extends Error {}

export type Fields = Readonly<Record<string, unknown>>

/** Text that is not blank; a number is the text it was written as. `what` is the field's name in messages. */
export function requiredText(fields: Fields, key: string, what: string): string {
  const value = fields[key]
  if (value === undefined || value === null || value === '') throw new BadField(`no ${what} (${key})`)
  const text = textOf(value)
  if (text === null) throw new BadField(`the ${what} (${key}) is ${kindOf(value)}, text is expected`)
  if (text.trim() === '') throw new BadField(`no ${what} (${key} is blank)`)
  return text
}

export function optionalText(fields: Fields, key: string): string | undefined {
  const value = fields[key]
  if (value === undefined || value === null || value === '') return undefined
  const text = textOf(value)
  if (text === null) throw new BadField(`${key} is ${kindOf(value)}, text is expected`)
  return text
}

/** A finite number. The cells of a table are text, so text that is a number in JSON is one here; "1,5" is ambiguous. */
export function requiredNumber(fields: Fields, key: string, what: string): number {
  const value = fields[key]
  if (value === undefined || value === null || value === '') throw new BadField(`no ${what} (${key})`)
  const number = numberOf(value)
  if (number === null) throw new BadField(`the ${what} (${key}) is ${kindOf(value)}, a number is expected`)
  if (!Number.isFinite(number)) throw new BadField(`the ${what} (${key}) is ${number}, a finite number is expected`)
  return number
}

function numberOf(value: unknown): number | null {
  if (value instanceof WrittenNumber) return value.value
  if (typeof value === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(value)) return Number(value)
  return typeof value === 'number' ? value : null
}

/** Text, or chat messages of which at least one is not blank. */
export function requiredPrompt(fields: Fields, key: string): Prompt {
  const value = fields[key]
  if (!Array.isArray(value)) return requiredText(fields, key, 'prompt')
  const messages = value.map((message: unknown, index) => {
    if (!isFields(message)) throw new BadField(`message ${index + 1} of the prompt (${key}) is ${kindOf(message)}`)
    const { role, content } = message
    if (typeof role !== 'string' || typeof content !== 'string') {
      throw new BadField(`message ${index + 1} of the prompt (${key}) has no role and content in text`)
    }
    return { role, content }
  })
  if (messages.every(({ content }) => content.trim() === '')) throw new BadField(`no prompt (${key} says nothing)`)
  return messages
}

export function optionalTexts(fields: Fields, key: string): string[] | undefined {
  const value = fields[key]
  if (value === undefined || value === null) return undefined
  const texts = Array.isArray(value) ? value.map(textOf) : [null]
  if (texts.length === 0 || texts.some(text => text === null)) throw new BadField(`${key} is no list of texts`)
  return texts.filter(text => text !== null)
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WrittenNumber)
}

function textOf(value: unknown): string | null {
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
