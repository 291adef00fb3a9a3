/**
 * Fifths of a weighted set by value. The paper takes the top and bottom 20% of prompts; if many items share the value at the
 * border, each belongs to the fifth in part, so that the result does not depend on the order of the items.
 */

/** 1 is the fifth with the lowest values, 5 the one with the highest. */
export type Fifth = 1 | 2 | 3 | 4 | 5
export const fifths = [1, 2, 3, 4, 5] as const

/** The weight with which each row counts in the fifth; the weights sum to a fifth of the total. */
export function weightsInFifth(rows: readonly { value: number; weight: number }[], fifth: Fifth): number[] {
  const total = rows.reduce((sum, row) => sum + row.weight, 0)
  const from = ((fifth - 1) / 5) * total
  const to = (fifth / 5) * total

  const weightOfValue = new Map<number, number>()
  for (const { value, weight } of rows) weightOfValue.set(value, (weightOfValue.get(value) ?? 0) + weight)

  // Rows of one value take up [start, start + weight) of the line; the fifth is [from, to) of it.
  const shareOfValue = new Map<number, number>()
  let start = 0
  for (const [value, weight] of [...weightOfValue].sort(([a], [b]) => a - b)) {
    const overlap = Math.min(to, start + weight) - Math.max(from, start)
    shareOfValue.set(value, weight === 0 ? 0 : Math.max(0, overlap) / weight)
    start += weight
  }
  return rows.map(row => row.weight * (shareOfValue.get(row.value) ?? 0))
}
