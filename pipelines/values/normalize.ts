/** The human value of every item, v = points / total of its exam (eq. 2). */
import type { BonusRule } from '../config/sections/exam-files.js'
import type { Item } from '../data/item.js'
import { RlevError } from '../errors.js'
import { valueStatistics } from './statistics.js'
import type { ItemValue, ValueStatistics } from './value.js'

/**
 * Values in item order, v in (0, 1], or above 1 for bonus questions that are allowed. Throws DataInvalid for points that are not in
 * (0, total]. Readers refuse such rows earlier.
 */
export function normalizeValues(
  items: readonly Pick<Item, 'id' | 'section' | 'points' | 'total'>[],
  settings: { alpha: number; cap?: number | undefined; bonus?: BonusRule },
): { values: ItemValue[]; statistics: ValueStatistics } {
  const largest = settings.bonus === 'allow' ? Number.MAX_VALUE : 1
  const values = items.map(({ id, section, points, total }): ItemValue => {
    const value = points / total
    if (!(value > 0 && value <= largest)) {
      throw new RlevError({
        kind: 'DataInvalid',
        message: 'an item has no valid points',
        place: `item ${id}`,
        expected: 'points above 0 and at most the total',
        found: `${points} of ${total} points`,
        remedy: 'correct the row of the data file',
      })
    }
    return { itemId: id, section, points, total, value }
  })
  const statistics = valueStatistics(
    values.map(({ value }) => value),
    settings,
  )
  return { values, statistics }
}
