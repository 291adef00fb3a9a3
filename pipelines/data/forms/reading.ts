/** How the rows of a file are read: their form, told by the first of them, and the columns that `data.fields` names. */
import { RlevError } from '../../errors.js'
import { shortened } from '../../printable.js'
import { BadField, type Fields } from '../files/fields.js'
import { formOfRows, forms } from './all-forms.js'
import { type Columns, columnList, columnNames, hasColumn, isFilled, nearestColumn } from './columns.js'
import type { Form, FormName } from './form.js'
import { type Changes, columnsOf, type Mapping, over, plainMapping } from './mapping.js'

export interface Reading {
  name: FormName
  form: Form
  mapping: Mapping
  /** What of the mapping the first rows have. */
  used: Mapping
}

/**
 * The reading of a file by its first rows. `fields` stand over the columns of the form; if they name prompt and answer, no form is
 * told. Throws DataInvalid if none of the rows has a prompt, an answer, points or a total.
 */
export function readingOf({
  path,
  form: wanted,
  fields = {},
  first,
}: {
  path: string
  form: FormName | 'auto'
  fields?: Changes | undefined
  first: readonly Fields[]
}): Reading {
  const mapped = fields.prompt !== undefined && fields.answer !== undefined
  const name = wanted !== 'auto' ? wanted : mapped ? 'plain' : (formOfRows(first) ?? 'plain')
  const form = forms[name]
  const own = over(plainMapping, form.mapping)
  const mapping = over(withOwnPoints(own, first), fields)
  const reading = { name, form, mapping, used: usedOf(mapping, form, first) }
  refuseAbsent(path, reading, first)
  return reading
}

function usedOf(mapping: Mapping, form: Form, first: readonly Fields[]): Mapping {
  const rows = first.map(fields => withDerived(fields, form) ?? fields)
  const isUsed = (entry: unknown) =>
    typeof entry === 'number' ||
    (typeof entry === 'object' && !Array.isArray(entry)) ||
    columnList(entry as Columns).some(column => rows.some(fields => isFilled(fields, column)))
  return Object.fromEntries(Object.entries(mapping).filter(([, entry]) => isUsed(entry)))
}

/** A set that has no points as published, and has them in this file. */
function withOwnPoints(mapping: Mapping, first: readonly Fields[]): Mapping {
  if (typeof mapping.points !== 'number') return mapping
  const has = (column: string) => first.some(fields => isFilled(fields, column))
  return has('points') ? over(mapping, { points: 'points', total: 'total' }) : mapping
}

/** Rows by which the form of a file is told and its columns are checked. */
export const FIRST_ROWS = 100

export const expectedOfRows = 'in every row a prompt, an answer, points above 0 and at most the total, and a unique id'

/** What every row needs. */
const needed = ['prompt', 'answer', 'points', 'total'] as const

/** One refusal in place of the same reason for every row. */
function refuseAbsent(path: string, { form, mapping, name }: Omit<Reading, 'used'>, first: readonly Fields[]): void {
  if (first.length === 0) return
  const rows = first.map(fields => withDerived(fields, form))
  const absent = needed.filter(key => {
    const entry = mapping[key]
    if (entry === undefined || typeof entry === 'number') return false
    if (typeof entry === 'object' && !Array.isArray(entry)) return false
    const columns = columnList(entry as string | readonly string[])
    return rows.every(fields => fields !== null && columns.every(column => !isFilled(fields, column)))
  })
  if (absent.length === 0) return
  const names = columnNames(first)
  const count = first.length < FIRST_ROWS ? `all ${first.length}` : `the first ${first.length}`
  const lacking = absent.map(key => `no ${key} (${named(mapping[key])})`).join(', ')
  const told = name === 'plain' ? '' : `, read in the form ${name}`
  throw new RlevError({
    kind: 'DataInvalid',
    message: `${count} rows: ${lacking}${told}`,
    place: path,
    expected: expectedOfRows,
    found: `the rows have ${listed(names)}`,
    remedy: `name the columns: data.fields: {${absent.map(key => `${key}: ${suggested(key, names)}`).join(', ')}}`,
  })
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'no columns'
  const shown = names.slice(0, MAX_NAMED).map(name => shortened(name, 60))
  return `${shown.join(', ')}${names.length > MAX_NAMED ? `, and ${names.length - MAX_NAMED} more` : ''}`
}

const MAX_NAMED = 40

function named(entry: Mapping['prompt'] | Mapping['points']): string {
  return typeof entry === 'string' || Array.isArray(entry) ? columnList(entry).join(' or ') : String(entry)
}

/** The row with the columns that its form makes; null if they cannot be made, which is told with the row. */
function withDerived(fields: Fields, { derived }: Form): Fields | null {
  try {
    return derived === undefined ? fields : { ...fields, ...derived.columns(fields) }
  } catch (error) {
    if (error instanceof BadField) return null
    throw error
  }
}

/** Names under which others publish the same. */
const usual: Readonly<Record<(typeof needed)[number], readonly string[]>> = {
  prompt: ['question', 'problem', 'query', 'instruction', 'input', 'text', '题目', '问题'],
  answer: [
    'gold',
    'label',
    'target',
    'solution',
    'ground_truth',
    'reference',
    'correct',
    'answer_key',
    'output',
    '答案',
  ],
  points: ['marks', 'score', 'point', 'mark', 'value', 'weight', '分值', '分数'],
  total: ['max', 'total_points', 'total_marks', 'full_marks', 'score_total', '总分', '满分'],
}

/** The column that may be meant, or what else may stand there. */
function suggested(key: (typeof needed)[number], names: readonly string[]): string {
  const last = (name: string) => (name.split('.').at(-1) ?? name).toLowerCase()
  const meant =
    usual[key].flatMap(word => names.filter(name => last(name) === word))[0] ??
    nearestColumn(key, names) ??
    names.find(name => usual[key].some(word => last(name).includes(word)))
  if (meant !== undefined) return meant
  if (key === 'points') return '1'
  return key === 'total' ? (names.some(name => last(name).startsWith('exam')) ? '{sumOf: exam}' : '100') : 'COLUMN'
}

/** Every column that a form or the config names: a table's header in another letter case becomes the name. */
export function knownColumns(fields: Changes = {}): string[] {
  const mappings = [plainMapping, ...Object.values(forms).map(form => form.mapping), fields as Mapping]
  return [...new Set(mappings.flatMap(mapping => [...columnsOf(mapping)]))]
}

/** The columns of `data.fields` that no row has had so far. */
export class UnseenColumns {
  readonly #keys: Map<string, string>

  constructor(fields: Changes | undefined) {
    const entries = Object.entries(fields ?? {}).flatMap(([key, entry]) =>
      [...columnsOf({ [key]: entry } as Mapping)].map(column => [column, key] as const),
    )
    // A table or a sum by exam or section is by what these columns are called here.
    this.#keys = new Map(entries.filter(([column, key]) => !(['exam', 'section'].includes(column) && key !== column)))
  }

  see(fields: Fields): void {
    for (const column of this.#keys.keys()) if (hasColumn(fields, column)) this.#keys.delete(column)
  }

  /** Throws DataInvalid for the first of them. `names`: the columns of the first rows. */
  refuse(path: string, names: readonly string[]): void {
    const [unseen] = this.#keys
    if (unseen === undefined) return
    const [column, key] = unseen
    const meant = nearestColumn(column, names)
    throw new RlevError({
      kind: 'DataInvalid',
      message: `data.fields.${key} names the column ${column}, which no row has`,
      place: path,
      expected: 'a column of the rows, or a path into one, as in reward_model.ground_truth',
      found: `the rows have ${listed(names)}`,
      remedy: meant === undefined ? `correct data.fields.${key}` : `did you mean data.fields.${key}: ${meant}?`,
    })
  }
}
