/** The items of further test sets, for transfer to other exams (table 2 of the paper). */
import type { TransferSets } from '../config/schema.js'
import { RlevError } from '../errors.js'
import { badRowsError, readItems } from './files/read-items.js'
import type { Item } from './item.js'
import { syntheticTest } from './synthetic/items.js'

/** Items by the name of the set. Throws DataInvalid if a file has a bad row or no rows. */
export function transferItems(sets: TransferSets): Record<string, Item[]> {
  return Object.fromEntries(Object.entries(sets).map(([name, set]) => [name, itemsOf(name, set)]))
}

function itemsOf(name: string, set: TransferSets[string]): Item[] {
  const { exam, file, form, style, testItemsPerSection, testSeed } = set
  if (exam !== undefined) return syntheticTest({ exam, style, testItemsPerSection, testSeed })
  if (file === undefined) throw new Error('a further test set names an exam or a file')
  const { items, bad, rows } = readItems({ path: file, form, idPrefix: `${name}-` })
  if (bad.length > 0) throw badRowsError(bad, rows)
  if (items.length > 0) return items.map(({ item }) => item)
  throw new RlevError({
    kind: 'DataInvalid',
    message: `there are no items in the test set ${name}`,
    place: file,
    expected: 'at least one row',
    found: 'none',
  })
}
