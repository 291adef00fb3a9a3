/** Statistics of a set of values: mean, quantiles, the share that the scale clips, and the histogram of figures 3 and 4 of the paper. */
import { quantile } from '../statistics/quantile.js'
import type { ValueStatistics } from './value.js'

const QUANTILES = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1] as const
const BINS = 20

/** For values v in (0, 1], or above 1 with bonus questions. `alpha` and `cap` as in s = 1 + min(alpha v, cap); clipped means alpha v > cap. All zero without values. */
export function valueStatistics(
  values: readonly number[],
  { alpha, cap = 1 }: { alpha: number; cap?: number | undefined },
): ValueStatistics {
  const sorted = [...values].sort((a, b) => a - b)
  const n = sorted.length
  return {
    n,
    mean: n === 0 ? 0 : sorted.reduce((sum, value) => sum + value, 0) / n,
    quantiles: Object.fromEntries(QUANTILES.map(share => [String(share), quantile(sorted, share)])),
    shareClipped: n === 0 ? 0 : sorted.filter(value => alpha * value > cap).length / n,
    histogram: histogram(sorted),
  }
}

/** Twenty equal bins from 0 to the largest value rounded up to 1, 2 or 5 times a power of ten. The last bin includes its end. */
function histogram(sorted: readonly number[]): ValueStatistics['histogram'] {
  const end = roundUp(sorted.at(-1) ?? 1)
  const counts = new Array<number>(BINS).fill(0)
  for (const value of sorted) {
    // Rounding must not move a value on an edge (0.15 of 0.5 in twentieths) to the bin below.
    const bin = Math.min(BINS - 1, Math.floor((value / end) * BINS + 1e-9))
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  return counts.map((count, bin) => ({ from: (bin * end) / BINS, to: ((bin + 1) * end) / BINS, count }))
}

function roundUp(largest: number): number {
  const power = 10 ** Math.floor(Math.log10(largest))
  const rounded = ([1, 2, 5, 10].find(step => largest <= step * power * (1 + 1e-9)) ?? 10) * power
  // Above 1 with bonus questions only.
  return largest > 1 ? rounded : Math.min(1, rounded)
}
