/** Items of the rows of one file. Each row is an item or a bad row. */
import type { BonusRule } from '../../config/sections/exam-files.js'
import { brokenText } from '../files/broken-text.js'
import { BadField, type Fields, isFields, kindOf, textOf } from '../files/fields.js'
import { RowWarnings } from '../files/row-warnings.js'
import type { BadRow, DataWarning, Item } from '../item.js'
import { columnNames } from './columns.js'
import { unusedDeductions } from './deductions.js'
import type { FormName } from './form.js'
import { type Draft, draftOf } from './item-of-row.js'
import { type Changes, columnsOf } from './mapping.js'
import { FIRST_ROWS, type Reading, readingOf, UnseenColumns } from './reading.js'
import { Sums } from './totals.js'

export interface CollectorOptions {
  path: string
  form: FormName | 'auto'
  fields?: Changes | undefined
  bonus: BonusRule
  /** A row without an id is named by this and its number. */
  idPrefix: string
  /** Whether items carry the fields that nothing else reads, for a verifier of the user. */
  extra: boolean
  /** Columns that the file has once for all rows. */
  outer?: Fields | undefined
}

interface Read {
  row: number
  draft: Draft
}

export class ItemCollector {
  readonly bad: BadRow[] = []
  rows = 0
  readonly #options: CollectorOptions
  readonly #first: { row: number; fields: Fields }[] = []
  #reading: Reading | null = null
  #names: string[] = []
  #used = new Set<string>()
  readonly #sums = new Sums()
  readonly #unseen: UnseenColumns
  readonly #read: Read[] = []
  readonly #rowOfId = new Map<string, number>()
  readonly #warnings = new RowWarnings()

  constructor(options: CollectorOptions) {
    this.#options = options
    this.#unseen = new UnseenColumns(options.fields)
  }

  add(row: number, content: { value: unknown } | { problem: string }): void {
    this.rows++
    const fields = 'problem' in content ? null : content.value
    if ('problem' in content) this.#refuse(row, content.problem)
    else if (!isFields(fields)) this.#refuse(row, `the row is ${kindOf(fields)}, an object is expected`)
    else if (this.#reading !== null) this.#item(row, fields, this.#reading)
    else {
      this.#first.push({ row, fields })
      if (this.#first.length === FIRST_ROWS) this.#begin()
    }
  }

  /** After the last row. Throws DataInvalid. */
  end(): { read: Read[]; warnings: DataWarning[]; reading: Reading } {
    const reading = this.#begin()
    if (this.rows > 0) this.#unseen.refuse(this.#options.path, this.#names)
    // In the order of the rows: those that are no objects were refused before the first ones were read.
    this.bad.sort((a, b) => rowIn(a.place) - rowIn(b.place))
    const read = this.#read.map(({ row, draft }) => ({ row, draft: this.#sums.settle(draft) }))
    return { read, warnings: this.#warnings.of(this.#options.path), reading }
  }

  #begin(): Reading {
    if (this.#reading !== null) return this.#reading
    const first = this.#first.map(({ fields }) => ({ ...this.#options.outer, ...fields }))
    const reading = readingOf({ ...this.#options, first })
    this.#reading = reading
    this.#names = columnNames(first)
    this.#used = columnsOf(reading.mapping)
    for (const { row, fields } of this.#first) this.#item(row, fields, reading)
    return reading
  }

  #item(row: number, fields: Fields, { form, mapping }: Reading): void {
    const { idPrefix, bonus, outer } = this.#options
    this.#unseen.see(fields)
    for (const column of unusedDeductions(fields, this.#used)) {
      const kind = `${column}, which changes marks and is not used (data.fields: {negative: ${column}} deducts it for a wrong answer)`
      this.#warnings.add(row, { kind, example: textOf(fields[column]) ?? kindOf(fields[column]) })
    }
    try {
      const draft = draftOf({
        fields: outer === undefined ? fields : { ...outer, ...fields },
        form,
        mapping,
        bonus,
        fallbackId: `${idPrefix}${String(row).padStart(6, '0')}`,
        onPoints: (name, points) => this.#sums.add(name, points),
      })
      const { id } = draft.item
      const first = this.#rowOfId.get(id)
      if (first !== undefined) throw new BadField(`the id ${id} is a duplicate of row ${first}`)
      this.#rowOfId.set(id, row)
      this.#read.push({
        row,
        draft: this.#options.extra ? { ...draft, item: this.#withExtra(draft.item, fields) } : draft,
      })
      this.#warn(row, fields, draft)
    } catch (error) {
      if (!(error instanceof BadField)) throw error
      this.#refuse(row, error.message)
    }
  }

  #withExtra(item: Item, fields: Fields): Item {
    const extra = Object.entries({ ...this.#options.outer, ...fields }).filter(([column]) => !this.#used.has(column))
    return extra.length === 0 ? item : { ...item, extra: Object.fromEntries(extra) }
  }

  #refuse(row: number, reason: string): void {
    this.bad.push({ place: placeOf(this.#options.path, row), reason })
  }

  #warn(row: number, fields: Fields, { contradiction }: Draft): void {
    const broken = brokenText(fields)
    if (broken !== null) this.#warnings.add(row, { kind: brokenLatex, example: broken })
    if (contradiction !== undefined) this.#warnings.add(row, { kind: contradicted, example: contradiction })
  }
}

const brokenLatex = 'a control character in the text, as is left of LaTeX when a backslash is lost'
const contradicted = 'points that the text of the question contradicts'

export function placeOf(path: string, row: number): string {
  return `${path} row ${row}`
}

function rowIn(place: string): number {
  return Number(place.slice(place.lastIndexOf(' ') + 1))
}
