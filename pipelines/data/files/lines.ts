/** Lines as bytes, cut out of a stream. Memory holds the longest line, which has a limit. */

const newline = 0x0a

export class Lines {
  readonly #maxBytes: number
  #held: Buffer[] = []
  #length = 0

  constructor({ maxBytes }: { maxBytes: number }) {
    this.#maxBytes = maxBytes
  }

  /** The lines that end in this chunk, without their newline; null for one of more than `maxBytes` bytes. */
  *push(chunk: Buffer): Generator<Buffer | null> {
    let start = 0
    // Split at bytes is safe: in UTF-8 no other character contains the newline byte.
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      yield this.#whole(chunk.subarray(start, end))
      start = end + 1
    }
    this.#keep(chunk.subarray(start))
  }

  /** Text after the last newline is a line too. */
  *end(): Generator<Buffer | null> {
    if (this.#length > 0) yield this.#whole(Buffer.alloc(0))
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length
    if (this.#length > this.#maxBytes) this.#held = []
    else if (piece.length > 0) this.#held.push(piece)
  }

  #whole(last: Buffer): Buffer | null {
    this.#keep(last)
    const whole = this.#length > this.#maxBytes ? null : joined(this.#held)
    this.#held = []
    this.#length = 0
    return whole
  }
}

const joined = (pieces: readonly Buffer[]): Buffer =>
  pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
