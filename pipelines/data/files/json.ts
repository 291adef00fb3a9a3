/**
 * One JSON value of a data file. It differs from `JSON.parse`: numbers keep their digits, a key that is given twice and half a
 * surrogate pair are refused, Python's bare NaN and Infinity are numbers, and nesting and values have a limit.
 */
import { endOfString, UnfitJson } from '../../input/bounded-json.js'
import { WrittenNumber } from './written-number.js'

/** A row has text fields and chat messages, at most three levels deep. */
const maxDepth = 50
const maxValues = 2_000_000

/** The value of a JSON text, with a WrittenNumber for each number. Throws SyntaxError, or UnfitJson for what is refused. */
export function parseJson(text: string): unknown {
  return new JsonText(text).parse()
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const blank = /[ \t\n\r]*/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings escape them
const control = /[\u0000-\u001f]/

/** Words and their values; Infinity with a sign is read as a number. */
const words: readonly (readonly [string, unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', new WrittenNumber('NaN')],
  ['Infinity', new WrittenNumber('Infinity')],
  ['-Infinity', new WrittenNumber('-Infinity')],
]

class JsonText {
  readonly #text: string
  #at = 0
  #values = 0
  /** Index of the next backslash from `#at` on, so that a string without escapes is one slice. */
  #backslash: number
  /** Name of the last member of the outermost object, for messages. */
  #member = ''

  constructor(text: string) {
    this.#text = text
    this.#backslash = this.#escapeFrom(0)
  }

  parse(): unknown {
    this.#skipBlank()
    const value = this.#value(1)
    this.#skipBlank()
    if (this.#at < this.#text.length) throw this.#unexpected('the end')
    return value
  }

  #value(depth: number): unknown {
    if (++this.#values > maxValues) throw new UnfitJson(`more than ${maxValues} values`)
    switch (this.#text[this.#at]) {
      case '"':
        return this.#string()
      case '{':
        return this.#object(depth)
      case '[':
        return this.#list(depth)
      default:
        return this.#numberOrWord()
    }
  }

  #object(depth: number): Record<string, unknown> {
    this.#enter(depth)
    const object: Record<string, unknown> = {}
    if (this.#skipIf('}')) return object
    do {
      this.#skipBlank()
      if (this.#text[this.#at] !== '"') throw this.#unexpected('a key in quotes')
      const key = this.#string()
      if (Object.hasOwn(object, key)) throw new UnfitJson(`the key ${JSON.stringify(key)} twice`)
      if (depth === 1) this.#member = key
      if (!this.#skipIf(':')) throw this.#unexpected('a colon after the key')
      this.#skipBlank()
      const value = this.#value(depth + 1)
      if (key === '__proto__') {
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
      } else object[key] = value
    } while (this.#skipIf(','))
    if (!this.#skipIf('}')) throw this.#unexpected('a comma or the end of the object')
    return object
  }

  #list(depth: number): unknown[] {
    this.#enter(depth)
    const list: unknown[] = []
    if (this.#skipIf(']')) return list
    do {
      this.#skipBlank()
      list.push(this.#value(depth + 1))
    } while (this.#skipIf(','))
    if (!this.#skipIf(']')) throw this.#unexpected('a comma or the end of the list')
    return list
  }

  #enter(depth: number): void {
    if (depth > maxDepth) throw new UnfitJson(`lists and objects nested more than ${maxDepth} deep`)
    this.#at++
  }

  #string(): string {
    const start = this.#at
    const plainEnd = this.#text.indexOf('"', start + 1)
    if (plainEnd < 0) throw this.#unexpected('text that ends')
    if (this.#backslash < start) this.#backslash = this.#escapeFrom(start)
    if (this.#backslash > plainEnd) {
      const text = this.#text.slice(start + 1, plainEnd)
      if (control.test(text)) throw this.#unexpected('text without control characters')
      this.#at = plainEnd + 1
      return text
    }
    const end = endOfString(this.#text, start)
    if (end === this.#text.length) throw this.#unexpected('text that ends')
    const escaped = this.#text.slice(start, end + 1)
    let text: string
    try {
      text = JSON.parse(escaped) as string
    } catch {
      throw this.#unexpected('text with valid escapes')
    }
    const half = escaped.includes('\\u') ? halfPair.exec(text)?.[0] : undefined
    if (half !== undefined) {
      const code = `\\u${half.charCodeAt(0).toString(16)}`
      throw new UnfitJson(`half a surrogate pair (${code}) in ${JSON.stringify(this.#member)}`)
    }
    this.#at = end + 1
    return text
  }

  #numberOrWord(): unknown {
    for (const [word, value] of words) {
      if (!this.#text.startsWith(word, this.#at)) continue
      this.#at += word.length
      return value
    }
    number.lastIndex = this.#at
    const digits = number.exec(this.#text)?.[0]
    if (digits === undefined) throw this.#unexpected('a value')
    this.#at += digits.length
    return new WrittenNumber(digits)
  }

  #escapeFrom(start: number): number {
    const found = this.#text.indexOf('\\', start)
    return found < 0 ? Number.POSITIVE_INFINITY : found
  }

  #skipBlank(): void {
    if (this.#text.charCodeAt(this.#at) > 0x20) return
    blank.lastIndex = this.#at
    this.#at += blank.exec(this.#text)?.[0].length ?? 0
  }

  #skipIf(sign: string): boolean {
    this.#skipBlank()
    if (this.#text[this.#at] !== sign) return false
    this.#at++
    return true
  }

  #unexpected(expected: string): SyntaxError {
    const found = this.#at < this.#text.length ? JSON.stringify(this.#text.slice(this.#at, this.#at + 20)) : 'the end'
    return new SyntaxError(`${expected} is expected at character ${this.#at + 1}, found ${found}`)
  }
}

/** A high surrogate without a low one, or a low one without a high one. */
const halfPair = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/
