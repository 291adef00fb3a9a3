/**
 * What the columns of a row mean: which is the prompt, the answer, the points. A form has a mapping; `data.fields` of a config is one
 * too, and stands over that of the form.
 */
import { given } from '../../given.js'
import { BadField, type Fields, requiredNumber, requiredText, textOf } from '../files/fields.js'
import { type Columns, columnList, columnOf, hasColumn, isEmpty, isFilled } from './columns.js'

/** Numbers by the values of the columns under `by`. */
export type NumberTable = Readonly<Record<string, number | Columns>>

/** A column, one number for all rows, or a table. */
export type Numbers = string | number | NumberTable

export interface Mapping {
  prompt?: Columns
  answer?: Columns
  points?: Numbers
  /** `{sumOf: exam}`: the sum of the points of an exam; `{paper-1: 150}`: by exam. */
  total?: Numbers
  /** Points that a wrong answer costs. */
  negative?: Numbers
  exam?: Columns
  section?: Columns
  id?: Columns
  /** A column that lists the options, or the columns that hold one each. */
  choices?: Columns
  working?: Columns
}

/** What `data.fields` says. */
export type Changes = { [Key in keyof Mapping]?: Mapping[Key] | undefined }

/** The names of the form `plain`, which every other mapping changes. */
export const plainMapping = {
  prompt: 'prompt',
  answer: 'answer',
  points: 'points',
  total: 'total',
  exam: 'exam',
  section: 'section',
  id: 'id',
  choices: 'choices',
  working: 'working',
} as const satisfies Mapping

/** One mapping over another; what it leaves out stays. */
export function over(mapping: Mapping, changes: Changes): Mapping {
  return { ...mapping, ...given(changes) }
}

/** The names of a mapping entry as they are told in messages: `problem`, or `year, category`. */
export function named(columns: Columns): string {
  return columnList(columns).join(', ')
}

/** Every column that the mapping reads. */
export function columnsOf(mapping: Mapping): Set<string> {
  return new Set(
    Object.values(mapping).flatMap((entry): readonly string[] => {
      if (typeof entry === 'number') return []
      if (typeof entry === 'string' || isList(entry)) return columnList(entry)
      return [entry['by'], entry['sumOf']].flatMap(columns =>
        typeof columns === 'string' || isList(columns) ? columnList(columns) : [],
      )
    }),
  )
}

/** Texts of the columns, joined; undefined if the only one, or each of several, is empty. Throws BadField. */
export function joinedText(
  fields: Fields,
  columns: Columns,
  { by, what }: { by: string; what: string },
): string | undefined {
  const texts = columnList(columns).flatMap(column =>
    isFilled(fields, column) ? [requiredText(columnOf(fields, column), column, what)] : [],
  )
  return texts.length === 0 ? undefined : texts.join(by)
}

/** The number of a row by a column, a constant or a table; undefined if the column is empty. Throws BadField. */
export function numberFor(
  fields: Fields,
  numbers: Numbers,
  {
    what,
    key,
    of = columns => joinedText(fields, columns, { by: ' ', what }),
  }: {
    /** For messages: `points`, and the key of the config that has a table. */
    what: string
    key: string
    /** Text of the columns of a table. */
    of?: (columns: Columns) => string | undefined
  },
): number | undefined {
  if (typeof numbers === 'number') return numbers
  if (typeof numbers === 'string') {
    const value = columnOf(fields, numbers)
    return isEmpty(value) ? undefined : requiredNumber(value, numbers, what)
  }
  const by = numbers['by']
  const columns = typeof by === 'string' || isList(by) ? by : 'exam'
  const value = of(columns)?.trim()
  if (value === undefined) throw new BadField(`no ${what}: ${named(columns)} is empty, and ${key} is a table by it`)
  const entry = Object.hasOwn(numbers, value) && value !== 'by' ? numbers[value] : undefined
  if (typeof entry === 'number') return entry
  throw new BadField(`no ${what}: the table ${key} has no number for ${JSON.stringify(value)} (${named(columns)})`)
}

/** The options of a row, without blank columns at the end; undefined if there are none. Throws BadField. */
export function optionsOf(fields: Fields, columns: Columns): string[] | undefined {
  if (typeof columns === 'string') {
    const value = columnOf(fields, columns)
    if (isEmpty(value)) return undefined
    const texts = Array.isArray(value) ? value.map(textOf) : [null]
    if (texts.includes(null)) throw new BadField(`${columns} is no list of texts`)
    return texts.length === 0 ? undefined : texts.filter(text => text !== null)
  }
  // The form c-eval names all letters; the row has the first of them.
  const absent = columns.findIndex(column => !hasColumn(fields, column))
  const there = absent < 0 ? columns : columns.slice(0, absent)
  const count = there.findLastIndex(column => isFilled(fields, column)) + 1
  if (count === 0) return undefined
  return columns.slice(0, count).map(column => requiredText(columnOf(fields, column), column, 'option'))
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value)
}
