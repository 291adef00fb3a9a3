/** Medians over rounds, and ratios of what was measured in the same round: noise that a whole round shares falls out of them. */

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length % 2 === 1) return sorted[middle] as number
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

export interface Ratio {
  median: number
  least: number
  most: number
}

/** a / b round by round; null where one of them was not measured in any round. */
export function ratioOf(a: readonly (number | undefined)[], b: readonly (number | undefined)[]): Ratio | null {
  const ratios = a.flatMap((value, round) => {
    const other = b[round]
    return value === undefined || other === undefined ? [] : [value / other]
  })
  if (ratios.length === 0) return null
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) }
}
