/** The items of further test sets, for transfer to other exams (table 2 of the paper). */
import type { TransferSets } from '../config/schema.js'
import { RlevError } from '../errors.js'
import { badRowsError, readItems } from './files/read-items.js'
import type { DataWarning, Item } from './item.js'
import { syntheticTest } from './synthetic/items.js'

/** Items by the name of the set. Throws DataInvalid if a file has a bad row or no rows. */
export async function transferItems(
  sets: TransferSets,
  options: { extra: boolean },
): Promise<{ items: Record<string, Item[]>; warnings: DataWarning[] }> {
  const items: Record<string, Item[]> = {}
  const warnings: DataWarning[] = []
  for (const [name, set] of Object.entries(sets)) {
    const own = await itemsOf(name, set, options)
    items[name] = own.items
    warnings.push(...own.warnings)
  }
  return { items, warnings }
}

async function itemsOf(
  name: string,
  set: TransferSets[string],
  { extra }: { extra: boolean },
): Promise<{ items: Item[]; warnings: readonly DataWarning[] }> {
  const { exam, file, form, style, testItemsPerSection, testSeed } = set
  if (exam !== undefined) return { items: syntheticTest({ exam, style, testItemsPerSection, testSeed }), warnings: [] }
  if (file === undefined) throw new Error('a further test set names an exam or a file')
  const { items, bad, warnings, rows } = await readItems({ path: file, form, extra, idPrefix: `${name}-` })
  if (bad.length > 0) throw badRowsError(bad, rows)
  if (items.length > 0) return { items: items.map(({ item }) => item), warnings }
  throw new RlevError({
    kind: 'DataInvalid',
    message: `there are no items in the test set ${name}`,
    place: file,
    expected: 'at least one row',
    found: 'none',
  })
}
