/**
 * The elements of one JSON list as bytes, cut out of a stream: its brackets and strings are followed, its values are not parsed.
 * Memory holds the longest element, which has a limit, and not the list.
 */
import { Pieces } from './pieces.js'

/** The list is no JSON list. The message says what was found; the caller adds the place. */
export class BrokenList extends Error {
  /** From 1, in the file. */
  readonly line: number

  constructor(message: string, line: number) {
    super(message)
    this.line = line
  }
}

const sign = { quote: 0x22, comma: 0x2c, open: 0x5b, backslash: 0x5c, close: 0x5d, openObject: 0x7b, closeObject: 0x7d }
const newline = 0x0a

/** Blank characters of JSON. */
const isBlank = (byte: number): boolean => byte === 0x20 || byte === newline || byte === 0x0d || byte === 0x09

/** Between elements: before the list, where an element may be, must be (after a comma), where a comma or the end is, after the list. */
type Between = 'before' | 'first' | 'element' | 'comma' | 'after'

export class ListElements {
  readonly #pieces: Pieces
  readonly #goesOn: boolean
  #between: Between = 'before'
  /** Brackets that are open inside the element. */
  #depth = 0
  #inElement = false
  #inString = false
  /** Whether the next character of a string is escaped. */
  #escaped = false
  #line: number

  /**
   * `goesOn`: what follows the list is not looked at, because the list is a part of an object. `line`: the line of the file where
   * the first chunk begins.
   */
  constructor({ maxBytes, goesOn, line }: { maxBytes: number; goesOn: boolean; line: number }) {
    this.#pieces = new Pieces({ maxBytes })
    this.#goesOn = goesOn
    this.#line = line
  }

  get ended(): boolean {
    return this.#between === 'after'
  }

  /** The elements that end in this chunk; null for one of more than `maxBytes` bytes. Throws BrokenList. */
  *push(chunk: Buffer): Generator<Buffer | null> {
    let start = 0
    for (let at = 0; at < chunk.length; ) {
      if (!this.#inElement) {
        at = this.#toElement(chunk, at)
        if (this.ended && this.#goesOn) return
        start = at
      }
      if (!this.#inElement) return
      at = this.#toEnd(chunk, at)
      if (this.#inElement) break
      this.#pieces.add(chunk.subarray(start, at))
      yield this.#pieces.take()
    }
    if (this.#inElement) this.#pieces.add(chunk.subarray(start))
  }

  /** Throws BrokenList if the stream ended inside the list. */
  end(): void {
    if (!this.ended) throw new BrokenList('the list does not end', this.#line)
  }

  /** Index of the first byte of an element, or the end of the chunk. */
  #toElement(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number
      if (byte === newline) this.#line++
      if (isBlank(byte)) continue
      switch (this.#between) {
        case 'before':
          if (byte !== sign.open) throw this.#broken('no list', chunk, at)
          this.#between = 'first'
          break
        case 'comma':
          if (byte === sign.comma) this.#between = 'element'
          else if (byte === sign.close) this.#between = 'after'
          else throw this.#broken('no comma between two rows', chunk, at)
          break
        case 'after':
          if (!this.#goesOn) throw this.#broken('text after the end of the list', chunk, at)
          return chunk.length
        case 'first':
        case 'element':
          if (byte === sign.close && this.#between === 'first') {
            this.#between = 'after'
            break
          }
          if (byte === sign.comma || byte === sign.close || byte === sign.closeObject) {
            throw this.#broken('no row where one is expected', chunk, at)
          }
          this.#inElement = true
          return at
        default:
          return this.#between satisfies never
      }
    }
    return chunk.length
  }

  /** Index behind the element, or the end of the chunk. */
  #toEnd(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      if (this.#inString) {
        at = this.#toQuote(chunk, at)
        if (this.#inString) return chunk.length
        continue
      }
      const byte = chunk[at]
      if (byte === sign.quote) this.#inString = true
      else if (byte === newline) this.#line++
      else if (byte === sign.openObject || byte === sign.open) this.#depth++
      else if (byte === sign.closeObject || byte === sign.close) {
        // The bracket that closes the list ends a number or a word before it.
        if (this.#depth === 0) return this.#ended(at)
        if (--this.#depth === 0) return this.#ended(at + 1)
      } else if (byte === sign.comma && this.#depth === 0) return this.#ended(at)
    }
    return chunk.length
  }

  #ended(at: number): number {
    this.#inElement = false
    this.#between = 'comma'
    return at
  }

  /** Index of the quote that ends the string, or of the last byte of the chunk. */
  #toQuote(chunk: Buffer, from: number): number {
    let start = from
    if (this.#escaped) {
      start++
      this.#escaped = false
    }
    for (let quote = chunk.indexOf(sign.quote, start); quote >= 0; quote = chunk.indexOf(sign.quote, quote + 1)) {
      if (backslashesBefore(chunk, quote, start) % 2 === 1) continue
      this.#inString = false
      return quote
    }
    this.#escaped = backslashesBefore(chunk, chunk.length, start) % 2 === 1
    return chunk.length - 1
  }

  #broken(found: string, chunk: Buffer, at: number): BrokenList {
    return new BrokenList(`${found}: ${JSON.stringify(chunk.toString('utf8', at, at + 20))}`, this.#line)
  }
}

/** Backslashes directly before `at`, from `start` on. */
function backslashesBefore(chunk: Buffer, at: number, start: number): number {
  let first = at
  while (first > start && chunk[first - 1] === sign.backslash) first--
  return at - first
}
