/** Columns that take points away for a wrong answer, by the names that files give them. They are used if the config names them. */
import { type Fields, textOf } from '../files/fields.js'

const NAMES = /^(negative.*|penalt(y|ies)|.*_penalty|deduct.*|minus.*|wrong_(points|marks)|倒?扣分?)$/i

/** The columns of a row that take points away and are not among those that are used. */
export function unusedDeductions(fields: Fields, used: ReadonlySet<string>): string[] {
  return Object.keys(fields).filter(name => isDeduction(name) && !used.has(name) && deducts(fields[name]))
}

/** Kept, because every row has the same names. */
const known = new Map<string, boolean>()
const MAX_KNOWN = 10_000

function isDeduction(name: string): boolean {
  const found = known.get(name) ?? NAMES.test(name.trim().replaceAll(' ', '_'))
  if (known.size < MAX_KNOWN) known.set(name, found)
  return found
}

function deducts(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === false) return false
  return Number(textOf(value)) !== 0 || Array.isArray(value)
}
