/**
 * Medians over rounds, and ratios of measurements of the same round, in which noise that a whole round shares
 * cancels.
 */

/** NaN of an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length % 2 === 1) return sorted[middle] as number
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

export interface Ratio {
  median: number
  min: number
  max: number
}

/** a / b round by round; null if no round measured both. */
export function ratioOf(a: readonly (number | undefined)[], b: readonly (number | undefined)[]): Ratio | null {
  const ratios = a.flatMap((value, round) => {
    const other = b[round]
    return value === undefined || other === undefined ? [] : [value / other]
  })
  if (ratios.length === 0) return null
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) }
}
