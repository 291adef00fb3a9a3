/** Pearson's and Spearman's correlation with intervals and tests: value against length, predicted scores against given ones. */
import { normalQuantile, twoSidedP } from './distributions.js'
import { type Interval, mean } from './estimate.js'

export interface Correlation {
  n: number
  /** In [-1, 1]; null with fewer than three pairs, for two lie on a line, or where one side does not vary. */
  r: number | null
  /** By Fisher's z; null with fewer than four pairs. */
  interval: Interval | null
  /** Two-sided, of r sqrt((n - 2) / (1 - r^2)) as Student's t. */
  p: number | null
}

/** Interval tanh(atanh r ± z / sqrt(n - 3)): of pairs that are independent and roughly normal. */
export function pearson(x: readonly number[], y: readonly number[], level = 0.95): Correlation {
  return correlationOf(coefficient(x, y), { n: x.length, level, inflation: () => 1 })
}

/**
 * Pearson's of the ranks, ties sharing their mean rank. The interval's variance has the factor 1 + r^2 / 2 of Bonett and Wright (2000),
 * for ranks scatter more than normal values do.
 */
export function spearman(x: readonly number[], y: readonly number[], level = 0.95): Correlation {
  return correlationOf(coefficient(ranks(x), ranks(y)), { n: x.length, level, inflation: r => 1 + (r * r) / 2 })
}

/** From 1; equal values share the mean of their ranks. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value)
  const found = new Array<number>(values.length)
  for (let start = 0; start < order.length; ) {
    let end = start
    while (end < order.length && order[end]?.value === order[start]?.value) end++
    for (const { index } of order.slice(start, end)) found[index] = (start + 1 + end) / 2
    // A NaN equals nothing, not even itself.
    start = Math.max(end, start + 1)
  }
  return found
}

function coefficient(x: readonly number[], y: readonly number[]): number | null {
  const [centreX, centreY] = [mean(x), mean(y)]
  let products = 0
  let squaresX = 0
  let squaresY = 0
  for (const [index, value] of x.entries()) {
    const other = (y[index] ?? Number.NaN) - centreY
    products += (value - centreX) * other
    squaresX += (value - centreX) ** 2
    squaresY += other ** 2
  }
  if (squaresX === 0 || squaresY === 0 || x.length < 3) return null
  return Math.min(1, Math.max(-1, products / Math.sqrt(squaresX * squaresY)))
}

function correlationOf(
  r: number | null,
  { n, level, inflation }: { n: number; level: number; inflation: (r: number) => number },
): Correlation {
  if (r === null) return { n, r, interval: null, p: null }
  const z = Math.atanh(r)
  const half = normalQuantile((1 + level) / 2) * Math.sqrt(inflation(r) / (n - 3))
  return {
    n,
    r,
    interval: n < 4 ? null : { low: Math.tanh(z - half), high: Math.tanh(z + half) },
    p: twoSidedP(r * Math.sqrt((n - 2) / (1 - r * r)), n - 2),
  }
}
