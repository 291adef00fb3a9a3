/**
 * The quality of predicted scores, on items that their predictor was not shown: exact match and Pearson's correlation as in the
 * paper (79.5% and 0.91 there), Spearman's correlation, each with an interval, and the share of unreadable scores. The intervals
 * assume independent items. Items of one exam are dependent, so the intervals are somewhat narrow.
 */
import { pearson, spearman } from '../../statistics/correlation.js'
import { normalQuantile } from '../../statistics/distributions.js'
import type { Interval } from '../../statistics/estimate.js'

export interface PredictedScore {
  given: number
  /** Null if the response was not a score. */
  predicted: number | null
}

export interface PredictionQuality {
  items: number
  /** Share of all items whose score was predicted exactly. */
  exactMatch: number
  /** Wilson's, 95%. */
  exactMatchInterval: Interval
  /** Share of items whose response was not a score. */
  unparsed: number
  /** Over the items with a score; null without spread. */
  pearson: { r: number | null; interval: Interval | null }
  spearman: { r: number | null; interval: Interval | null }
}

export function predictionQuality(scores: readonly PredictedScore[]): PredictionQuality {
  const read = scores.flatMap(({ given, predicted }) => (predicted === null ? [] : [{ given, predicted }]))
  // Points of a file may have more decimals than a predicted score.
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
