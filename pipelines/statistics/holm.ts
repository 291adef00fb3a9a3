/** Holm's step-down correction over the hypotheses of a table (Scandinavian Journal of Statistics 1979). */

/**
 * Corrected p values in the places given: p in ascending order, times the number of hypotheses left, never decreasing, at most 1. Keeps
 * the chance of any false rejection at the level for every dependence between the tests.
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p)
  const corrected = new Array<number>(ps.length).fill(1)
  let largest = 0
  for (const [rank, { p, index }] of order.entries()) {
    largest = Math.max(largest, Math.min(1, p * (ps.length - rank)))
    corrected[index] = largest
  }
  return corrected
}
