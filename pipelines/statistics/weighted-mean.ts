/** The mean that counts values by weights. */

/** sum w x / sum w; 0 over no weight. */
export function weightedMean(values: readonly number[], weights: readonly number[]): number {
  let sum = 0
  let total = 0
  for (const [index, value] of values.entries()) {
    const weight = weights[index] ?? 0
    sum += weight * value
    total += weight
  }
  return total === 0 ? 0 : sum / total
}
