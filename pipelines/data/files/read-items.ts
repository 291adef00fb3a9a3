/** The items of a data file, and every bad row with its reason. Each row is in one of the two lists. */
import type { BonusRule } from '../../config/sections/exam-files.js'
import { RlevError } from '../../errors.js'
import { shortened } from '../../printable.js'
import type { FormName } from '../forms/form.js'
import { ItemCollector } from '../forms/item-collector.js'
import type { Draft } from '../forms/item-of-row.js'
import type { Changes, Mapping } from '../forms/mapping.js'
import { expectedOfRows, knownColumns } from '../forms/reading.js'
import type { BadRow, DataWarning } from '../item.js'
import { rowsOf } from './rows.js'
import { wrapperOf } from './wrapper.js'

export interface ItemsOfFile {
  /** Each with its row. */
  items: (Draft & { row: number })[]
  bad: BadRow[]
  warnings: DataWarning[]
  /** items + bad. */
  rows: number
  /** The form that was told or named, and what its columns mean. */
  form: FormName
  mapping: Mapping
}

export interface ReadOptions {
  path: string
  form: FormName | 'auto'
  idPrefix: string
  fields?: (Changes & { rows?: string | undefined }) | undefined
  bonus?: BonusRule
  /** Whether items carry the fields that nothing else reads. */
  extra?: boolean
}

/** A file with more bad rows than this is refused: it is a different kind of file. */
const maxBad = 10_000

/** Lines of bad rows in an error. */
const maxNamed = 50

/** Rows of one reason that are listed one by one. */
const maxAlike = 5

/**
 * Reads a data file. A row without an id is named `idPrefix` plus its number, so its id does not change if another row is
 * corrected. If `form` is auto, the first row with the columns of a known form decides. Throws DataInvalid if the file is
 * unreadable, or of another kind.
 */
export async function readItems({
  bonus = 'refuse',
  extra = false,
  fields,
  ...options
}: ReadOptions): Promise<ItemsOfFile> {
  const { rows: key, ...mapped } = fields ?? {}
  const { path, form } = options
  const columns = knownColumns(mapped)
  const wrapper = await wrapperOf(path, { form, key })
  const collector = new ItemCollector({ ...options, fields: mapped, bonus, extra, outer: wrapper?.outer })
  for await (const { row, content } of rowsOf(path, { rows: key ?? wrapper?.key, columns })) {
    collector.add(row, content)
    if (collector.bad.length > maxBad) throw badRowsError(collector.bad, collector.rows)
  }
  const { read, warnings, reading } = collector.end()
  const { bad, rows } = collector
  const items = read.map(({ row, draft }) => ({ ...draft, row }))
  return { items, bad, warnings, rows, form: reading.name, mapping: reading.used }
}

/** Bad rows as lines, at most `maxLines` and one that counts the others. Rows of one reason are one line if they are many. */
export function badRowLines(bad: readonly BadRow[], maxLines: number): string[] {
  const byReason = new Map<string, BadRow[]>()
  for (const row of bad) {
    const alike = byReason.get(row.reason)
    if (alike === undefined) byReason.set(row.reason, [row])
    else alike.push(row)
  }
  const lines = [...byReason].flatMap(([reason, alike]) => {
    const text = shortened(reason, 200)
    if (alike.length <= maxAlike) return alike.map(({ place }) => `${place}: ${text}`)
    return [`${alike[0]?.place} and ${alike.length - 1} more rows: ${text}`]
  })
  const named = lines.slice(0, maxLines)
  return lines.length > maxLines ? [...named, `and ${lines.length - maxLines} more`] : named
}

/** One error with the bad rows, up to a limit. */
export function badRowsError(bad: readonly BadRow[], rows: number): RlevError {
  return new RlevError({
    kind: 'DataInvalid',
    message: `${bad.length} of ${rows} rows of the data cannot be used`,
    expected: expectedOfRows,
    found: badRowLines(bad, maxNamed).join('\n            '),
    remedy:
      bad.length > maxBad
        ? 'look whether this is the file that was meant; rows after these were not read'
        : 'correct the rows, or set data.onBadRow: skip to leave them out and have them counted',
  })
}
