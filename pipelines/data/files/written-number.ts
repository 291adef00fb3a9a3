/**
 * A number of a data file with the digits it was written with. A double keeps 15 of them: the ids 9007199254740992 and
 * 9007199254740993 would be one id, and the answer 1.10 would be 1.1.
 */
export class WrittenNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** The nearest double; NaN or infinite for the words that Python writes. */
  get value(): number {
    return Number(this.text)
  }

  /** As a number, for a verifier of the user or a trainer that gets the row; JSON has no words for the others. */
  toJSON(): number | null {
    return Number.isFinite(this.value) ? this.value : null
  }
}
