/**
 * How well scores were predicted, on items that their predictor was not shown: the paper's exact match and Pearson's correlation
 * (79.5% and 0.91 there), Spearman's beside them, each with an interval, and what could not be read. Intervals take items for
 * independent; items of one exam are not, so they are somewhat narrow.
 */
import { pearson, spearman } from '../../statistics/correlation.js'
import { normalQuantile } from '../../statistics/distributions.js'
import type { Interval } from '../../statistics/estimate.js'

export interface PredictedScore {
  given: number
  /** Null where the response was no score. */
  predicted: number | null
}

export interface PredictionQuality {
  items: number
  /** Share of all items whose score was met exactly. */
  exactMatch: number
  /** Wilson's, 95%. */
  exactMatchInterval: Interval
  /** Share of items whose response was no score. */
  unparsed: number
  /** Over the items with a score; null without spread. */
  pearson: { r: number | null; interval: Interval | null }
  spearman: { r: number | null; interval: Interval | null }
}

export function predictionQuality(scores: readonly PredictedScore[]): PredictionQuality {
  const read = scores.flatMap(({ given, predicted }) => (predicted === null ? [] : [{ given, predicted }]))
  // Points of a file may have more decimals than a score is said with.
  const met = read.filter(({ given, predicted }) => Math.abs(given - predicted) < 1e-6).length
  const pairs = [read.map(({ given }) => given), read.map(({ predicted }) => predicted)] as const
  const kept = ({ r, interval }: ReturnType<typeof pearson>) => ({ r, interval })
  return {
    items: scores.length,
    exactMatch: met / scores.length,
    exactMatchInterval: wilson(met, scores.length),
    unparsed: 1 - read.length / scores.length,
    pearson: kept(pearson(...pairs)),
    spearman: kept(spearman(...pairs)),
  }
}

/** (p + z^2 / 2n ± z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n) for p = successes / n: inside [0, 1] at its ends too. */
export function wilson(successes: number, n: number, level = 0.95): Interval {
  const z = normalQuantile((1 + level) / 2)
  const share = successes / n
  const scale = 1 + (z * z) / n
  const centre = (share + (z * z) / (2 * n)) / scale
  const half = (z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))) / scale
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) }
}
