/** Columns of a row by name: as written, by a path into objects and lists (`reward_model.ground_truth`), or in another letter case. */
import { nearestName } from '../../text/nearest-name.js'
import type { Fields } from '../files/fields.js'
import { isFields } from '../files/fields.js'

/** One column, or several that are joined. */
export type Columns = string | readonly string[]

/** The value in a column; undefined if the row has no such column. A column of that very name comes before a path. */
export function columnOf(fields: Fields, name: string): unknown {
  if (Object.hasOwn(fields, name)) return fields[name]
  const alike = keyAlike(fields, name)
  if (alike !== undefined) return fields[alike]
  const dot = name.indexOf('.')
  if (dot < 0) return undefined
  const [head, rest] = [name.slice(0, dot), name.slice(dot + 1)]
  const outer = columnOf(fields, head)
  if (isFields(outer)) return columnOf(outer, rest)
  return Array.isArray(outer) ? columnOf({ ...outer }, rest) : undefined
}

export function hasColumn(fields: Fields, name: string): boolean {
  return columnOf(fields, name) !== undefined
}

/** Whether the row has something in the column: neither null nor blank text. */
export function isFilled(fields: Fields, name: string): boolean {
  return !isEmpty(columnOf(fields, name))
}

export function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '')
}

/** The only key that differs from the name in letter case and blanks: the headers of tables are written in many ways. */
function keyAlike(fields: Fields, name: string): string | undefined {
  const wanted = plainName(name)
  const alike = Object.keys(fields).filter(key => plainName(key) === wanted)
  return alike.length === 1 ? alike[0] : undefined
}

/** Kept, because every row has the same names. */
const plainNames = new Map<string, string>()
const MAX_KEPT = 10_000

function plainName(name: string): string {
  const kept = plainNames.get(name)
  if (kept !== undefined) return kept
  const plain = name
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ')
  if (plainNames.size < MAX_KEPT) plainNames.set(name, plain)
  return plain
}

export const columnList = (columns: Columns): readonly string[] => (typeof columns === 'string' ? [columns] : columns)

/** Names of all columns of some rows, in order, with those inside objects as paths. */
export function columnNames(rows: readonly Fields[]): string[] {
  const names = rows.flatMap(row =>
    Object.entries(row).flatMap(([key, value]) =>
      isFields(value) ? Object.keys(value).map(inner => `${key}.${inner}`) : [key],
    ),
  )
  return [...new Set(names)]
}

/** The column that was probably meant by a name that no row has. */
export function nearestColumn(name: string, names: readonly string[]): string | undefined {
  const last = (path: string) => path.split('.').at(-1) ?? path
  return nearestName(name, names) ?? names.find(other => last(other).toLowerCase() === last(name).toLowerCase())
}
