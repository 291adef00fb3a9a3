/** A mapping in words, for `plan` and docs/data.md. */
import { forms } from './all-forms.js'
import { columnList } from './columns.js'
import type { FormName } from './form.js'
import type { Mapping, Numbers } from './mapping.js'

/** What each of the fields is read from, by field. */
export function mappingWords(name: FormName, mapping: Mapping): Record<string, string> {
  const names = forms[name].derived?.names ?? {}
  const inWords = (column: string) => names[column] ?? `\`${column}\``
  return Object.fromEntries(
    Object.entries(mapping).map(([key, entry]: [string, Numbers | readonly string[]]) => [key, words(entry, inWords)]),
  )
}

function words(entry: Numbers | readonly string[], inWords: (column: string) => string): string {
  if (typeof entry === 'number') return String(entry)
  if (typeof entry === 'string') return inWords(entry)
  if (Array.isArray(entry)) return listed(columnList(entry as readonly string[]).map(inWords))
  const { by = 'exam', sumOf, ...numbers } = entry as Exclude<Numbers, string | number>
  if (sumOf !== undefined) return `the sum of the points by ${columnList(String(sumOf).split(',')).join(', ')}`
  const shown = Object.entries(numbers).slice(0, MAX_SHOWN)
  const more = Object.keys(numbers).length - shown.length
  return `by ${String(by)}: ${shown.map(([value, number]) => `${value} ${number}`).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

const MAX_SHOWN = 8

function listed(names: readonly string[]): string {
  const [first, last] = [names[0], names.at(-1)]
  return names.length > 6 ? `${first} to ${last}` : names.join(', ')
}
