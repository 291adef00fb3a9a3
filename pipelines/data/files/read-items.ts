/** The items of a data file, and every bad row with its reason. Each row is in one of the two lists. */
import { RlevError } from '../../errors.js'
import { shortened } from '../../printable.js'
import type { BadRow, DataWarning, Item } from '../item.js'
import { brokenText } from './broken-text.js'
import { BadField, isFields, kindOf } from './fields.js'
import { columnNames, type Form, formOf, itemOfRow } from './item-of-row.js'
import type { Row } from './row.js'
import { RowWarnings } from './row-warnings.js'
import { rowsOf } from './rows.js'

export interface ItemsOfFile {
  /** Each with its row. */
  items: { item: Item; row: number }[]
  bad: BadRow[]
  warnings: DataWarning[]
  /** items + bad. */
  rows: number
}

/** A file with more bad rows than this is refused: it is a different kind of file. */
const maxBad = 10_000

/** Bad rows listed in an error. */
const maxNamed = 50

/**
 * Reads a data file. A row without an id is named `idPrefix` plus its number, so its id does not change if another row is
 * corrected. If `form` is auto, the first row with a field of a known form decides. Throws DataInvalid if the file is
 * unreadable, or if all rows are bad for one reason.
 */
export async function readItems({
  path,
  form,
  idPrefix,
}: {
  path: string
  form: Form | 'auto'
  idPrefix: string
}): Promise<ItemsOfFile> {
  const items: ItemsOfFile['items'] = []
  const bad: BadRow[] = []
  const warnings = new RowWarnings()
  const rowOfId = new Map<string, number>()
  const names = new Set<string>()
  let told: Form | null = form === 'auto' ? null : form
  let rows = 0
  for await (const { row, content } of rowsOf(path, { columns: columnNames })) {
    rows++
    try {
      const fields = fieldsOf(content)
      if (rows <= rowsWithNames) for (const name of Object.keys(fields)) names.add(name)
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
      const example = brokenText(fields)
      if (example !== null) warnings.add(row, { kind: brokenLatex, example })
    } catch (error) {
      if (!(error instanceof BadField)) throw error
      bad.push({ place: placeOf(path, row), reason: error.message })
      if (bad.length > maxBad) break
    }
  }
  if (items.length === 0 && bad.length > 1) refuseOneReason(bad, { path, names: [...names] })
  if (bad.length > maxBad) throw badRowsError(bad, rows)
  return { items, bad, warnings: warnings.of(path), rows }
}

const brokenLatex = 'a control character in the text, as is left of LaTeX when a backslash is lost'

/** Rows whose field names are listed if no row can be used. */
const rowsWithNames = 100

/** Throws BadField if the row was not read or is no object. */
function fieldsOf(content: Row['content']): Readonly<Record<string, unknown>> {
  if ('problem' in content) throw new BadField(content.problem)
  if (!isFields(content.value)) throw new BadField(`the row is ${kindOf(content.value)}, an object is expected`)
  return content.value
}

export function placeOf(path: string, row: number): string {
  return `${path} row ${row}`
}

/** If all rows are bad for the same reason, the file has other fields than expected: told once. */
function refuseOneReason(bad: readonly BadRow[], { path, names }: { path: string; names: readonly string[] }): void {
  const [first] = bad
  if (first === undefined || bad.some(({ reason }) => reason !== first.reason)) return
  const listed = names.slice(0, maxNames).map(name => shortened(name, 60))
  const more = names.length > maxNames ? `, and ${names.length - maxNames} more` : ''
  throw new RlevError({
    kind: 'DataInvalid',
    message: `${bad.length > maxBad ? `the first ${bad.length}` : `all ${bad.length}`} rows: ${shortened(first.reason, 200)}`,
    place: path,
    expected: expectedOfRows,
    found: names.length === 0 ? 'rows without fields' : `the rows have ${listed.join(', ')}${more}`,
    remedy: 'name the columns in the config, as in data.fields: {prompt: problem, answer: gold, points: marks}',
  })
}

/** Field names listed in an error. */
const maxNames = 30

const expectedOfRows = 'in every row a prompt, an answer, points above 0 and at most the total, and a unique id'

/** One error with the bad rows, up to a limit. */
export function badRowsError(bad: readonly BadRow[], rows: number): RlevError {
  const named = bad.slice(0, maxNamed).map(({ place, reason }) => `${place}: ${shortened(reason, 200)}`)
  if (bad.length > maxNamed) named.push(`and ${bad.length - maxNamed} more`)
  return new RlevError({
    kind: 'DataInvalid',
    message: `${bad.length} of ${rows} rows of the data cannot be used`,
    expected: expectedOfRows,
    found: named.join('\n            '),
    remedy:
      bad.length > maxBad
        ? 'look whether this is the file that was meant; rows after these were not read'
        : 'correct the rows, or set data.onBadRow: skip to leave them out and have them counted',
  })
}
