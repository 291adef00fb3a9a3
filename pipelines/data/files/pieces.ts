/** Pieces of one line or row, gathered from the chunks of a stream. Memory holds at most `maxBytes` of them. */
export class Pieces {
  readonly #maxBytes: number
  #held: Buffer[] = []
  #length = 0

  constructor({ maxBytes }: { maxBytes: number }) {
    this.#maxBytes = maxBytes
  }

  get isEmpty(): boolean {
    return this.#length === 0
  }

  add(piece: Buffer): void {
    this.#length += piece.length
    if (this.#length > this.#maxBytes) this.#held = []
    else if (piece.length > 0) this.#held.push(piece)
  }

  /** All of them in one, and the next begins; null if they were more than `maxBytes`. */
  take(): Buffer | null {
    const held = this.#held
    const whole = this.#length > this.#maxBytes ? null : held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held)
    this.#held = []
    this.#length = 0
    return whole
  }
}
