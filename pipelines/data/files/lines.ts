/** Lines as bytes, cut out of a stream. Memory holds the longest line, which has a limit. */
import { Pieces } from './pieces.js'

const newline = 0x0a

export class Lines {
  readonly #pieces: Pieces

  constructor(limit: { maxBytes: number }) {
    this.#pieces = new Pieces(limit)
  }

  /** The lines that end in this chunk, without their newline; null for one of more than `maxBytes` bytes. */
  *push(chunk: Buffer): Generator<Buffer | null> {
    let start = 0
    // Split at bytes is safe: in UTF-8 no other character contains the newline byte.
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      this.#pieces.add(chunk.subarray(start, end))
      yield this.#pieces.take()
      start = end + 1
    }
    this.#pieces.add(chunk.subarray(start))
  }

  /** Text after the last newline is a line too. */
  *end(): Generator<Buffer | null> {
    if (!this.#pieces.isEmpty) yield this.#pieces.take()
  }
}
