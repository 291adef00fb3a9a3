/**
 * A row with a response as what is scored: an item, the response to it, and its value. Rows come from files (`rlev score`) and from
 * trainers (`rlev serve`); both are read by the readers of data files.
 */
import type { BonusRule } from '../config/sections/exam-files.js'
import { BadField, type Fields, kindOf, requiredNumber } from '../data/files/fields.js'
import { forms } from '../data/forms/all-forms.js'
import { columnOf, isFilled } from '../data/forms/columns.js'
import { draftOf } from '../data/forms/item-of-row.js'
import { columnsOf, type Mapping } from '../data/forms/mapping.js'
import type { Item } from '../data/item.js'
import { given } from '../given.js'
import type { ResponseToScore } from './score-responses.js'

/** Columns that say what an exported row is worth in its arm. */
const statedColumns = ['value', 'scale'] as const

/** Columns of exported rows that are no part of an item. */
const exportedColumns = [...statedColumns, 'weight'] as const

export interface RowReading {
  columns: Fields
  mapping: Mapping
  /** For a row without an id. */
  fallbackId: string
  bonus?: BonusRule
  /** Whether the item carries the fields that nothing else reads, as for a verifier of the user. */
  extra: boolean
  /** Whether the columns `value` and `scale` stand above points and total. */
  stated?: boolean
  /** Columns that are no part of the item either. */
  ignored?: readonly string[]
}

/** Throws BadField. */
export function responseOfRow({
  columns,
  mapping,
  fallbackId,
  bonus = 'refuse',
  extra,
  stated = false,
  ignored = [],
}: RowReading): ResponseToScore {
  const valued = [mapping.points, mapping.total].every(isIn(columns))
  const { item } = draftOf({
    // A verifier needs neither prompt nor points; an item has them.
    fields: { prompt: '-', ...columns },
    form: forms.plain,
    mapping: valued ? mapping : { ...mapping, points: 1, total: 1 },
    fallbackId,
    bonus,
    onPoints: () => {},
  })
  const others = ['response', 'finish', ...(stated ? exportedColumns : []), ...ignored]
  const [value, scale] = stated ? statedColumns.map(column => statedNumber(columns, column)) : []
  if (value !== undefined && value > 1 && bonus !== 'allow') {
    throw new BadField(`the value (value) is ${value}, at most 1 is expected; for bonus questions set value.bonus`)
  }
  return {
    item: extra ? withExtra(item, { columns, mapping, others }) : item,
    response: { text: responseText(columns), finish: finishOf(columns) },
    value: value ?? (valued ? item.points / item.total : null),
    ...given({ scale }),
  }
}

function statedNumber(columns: Fields, column: string): number | undefined {
  if (!isFilled(columns, column)) return undefined
  const number = requiredNumber(columnOf(columns, column), column, column)
  if (number > 0) return number
  throw new BadField(`the ${column} (${column}) is ${number}, a number above 0 is expected`)
}

/** The response, its mark and what it is worth are no part of the item. */
function withExtra(
  item: Item,
  { columns, mapping, others }: { columns: Fields; mapping: Mapping; others: readonly string[] },
): Item {
  const used = new Set([...columnsOf(mapping), ...others])
  const left = Object.entries(columns).filter(([column]) => !used.has(column))
  return left.length === 0 ? item : { ...item, extra: Object.fromEntries(left) }
}

/** A number for all rows, a table, or a column that is filled. A sum needs every row of an exam once, which responses are not. */
function isIn(columns: Fields): (entry: Mapping['points']) => boolean {
  return entry => {
    if (typeof entry === 'string') return isFilled(columns, entry)
    return entry !== undefined && !(typeof entry === 'object' && 'sumOf' in entry)
  }
}

/** An empty response is one; a missing one is not. */
function responseText({ response }: Fields): string {
  if (typeof response === 'string') return response
  if (response === undefined || response === null) throw new BadField('no response (response)')
  throw new BadField(`the response is ${kindOf(response)}, text is expected`)
}

/** Also in the words of the responses.csv of a report. */
function finishOf({ finish }: Fields): 'stop' | 'length' {
  if (finish === undefined || finish === null || finish === '' || finish === 'stop' || finish === 'end') return 'stop'
  if (finish === 'length' || finish === 'cut') return 'length'
  throw new BadField(`finish is ${kindOf(finish)}; stop or length is expected, or end or cut`)
}
