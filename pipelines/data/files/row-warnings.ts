/** Warnings about rows, gathered by kind: the number of rows and three examples, not a line a row. */
import { maxExamples, someOf } from '../../text/examples.js'
import type { DataWarning } from '../item.js'

export class RowWarnings {
  readonly #kinds = new Map<string, { count: number; examples: string[] }>()

  /** `kind`: a clause about the rows, as in "a control character in the text"; `example`: what this row has. */
  add(row: number, { kind, example }: { kind: string; example: string }): void {
    const own = this.#kinds.get(kind) ?? { count: 0, examples: [] }
    own.count++
    if (own.examples.length < maxExamples) own.examples.push(`row ${row} (${example})`)
    this.#kinds.set(kind, own)
  }

  of(path: string): DataWarning[] {
    return [...this.#kinds].map(([kind, { count, examples }]) => ({
      place: path,
      reason: `${count} ${count === 1 ? 'row has' : 'rows have'} ${kind}: ${someOf(examples, count)}`,
    }))
  }
}
