/** The items of a data file, and every bad row with its reason. Each row is in one of the two lists. */
import { RlevError } from '../../errors.js'
import { shortened } from '../../printable.js'
import type { BadRow, Item } from '../item.js'
import { BadField, isFields, kindOf } from './fields.js'
import { type Form, formOf, itemOfRow } from './item-of-row.js'
import { rowsOf } from './rows.js'

export interface ItemsOfFile {
  /** Each with its row. */
  items: { item: Item; row: number }[]
  bad: BadRow[]
  /** items + bad. */
  rows: number
}

/** A file with more bad rows than this is refused: it is a different kind of file. */
const MOST_BAD = 10_000

/** Bad rows listed in an error. */
const MOST_NAMED = 50

/**
 * Reads a JSON, JSONL or CSV file. A row without an id is named `idPrefix` plus its number, so its id does not change if another
 * row is corrected. If `form` is auto, the first row with a field of a known form decides. Throws DataInvalid if the file is
 * unreadable.
 */
export function readItems({
  path,
  form,
  idPrefix,
}: {
  path: string
  form: Form | 'auto'
  idPrefix: string
}): ItemsOfFile {
  const items: ItemsOfFile['items'] = []
  const bad: BadRow[] = []
  const rowOfId = new Map<string, number>()
  let told: Form | null = form === 'auto' ? null : form
  let rows = 0
  for (const { row, content } of rowsOf(path)) {
    rows++
    try {
      if ('problem' in content) throw new BadField(content.problem)
      const fields = content.value
      if (!isFields(fields)) throw new BadField(`the row is ${kindOf(fields)}, an object is expected`)
      told ??= formOf(fields)
      const item = itemOfRow({
        fields,
        form: told ?? 'plain',
        fallbackId: `${idPrefix}${String(row).padStart(6, '0')}`,
      })
      const first = rowOfId.get(item.id)
      if (first !== undefined) throw new BadField(`the id ${item.id} is a duplicate of row ${first}`)
      rowOfId.set(item.id, row)
      items.push({ item, row })
    } catch (error) {
      if (!(error instanceof BadField)) throw error
      bad.push({ place: placeOf(path, row), reason: error.message })
      if (bad.length > MOST_BAD) throw badRowsError(bad, rows)
    }
  }
  return { items, bad, rows }
}

export function placeOf(path: string, row: number): string {
  return `${path} row ${row}`
}

/** One error with the bad rows, up to a limit. */
export function badRowsError(bad: readonly BadRow[], rows: number): RlevError {
  const named = bad.slice(0, MOST_NAMED).map(({ place, reason }) => `${place}: ${shortened(reason, 200)}`)
  if (bad.length > MOST_NAMED) named.push(`and ${bad.length - MOST_NAMED} more`)
  return new RlevError({
    kind: 'DataInvalid',
    message: `${bad.length} of ${rows} rows of the data cannot be used`,
    expected: 'in every row a prompt, an answer, points above 0 and at most the total, and a unique id',
    found: named.join('\n            '),
    remedy:
      bad.length > MOST_BAD
        ? 'look whether this is the file that was meant; rows after these were not read'
        : 'correct the rows, or set data.onBadRow: skip to leave them out and have them counted',
  })
}
