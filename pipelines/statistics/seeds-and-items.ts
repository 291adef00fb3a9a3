/**
 * An arm's mean, or the paired difference of two arms, with the uncertainty of both: which seeds were trained and which items were
 * asked. The interval over seeds alone is about these test items; this one is about items like them. All seeds are tested on the same items
 * (data.testSeed), so seeds and items are crossed: the peculiarity of an item is the same in every run, and does not average out over seeds.
 */
import { studentQuantile } from './distributions.js'
import { type Interval, mean } from './estimate.js'
import { type SeedsAndItems, scoreOfPair } from './item-scores.js'
import { twoWayVariance } from './two-way-variance.js'

export interface TwoWayEstimate {
  mean: number
  /** mean ± t(degrees) sqrt(variance). Its coverage is 95% from five seeds on (docs/statistics.md). */
  interval: Interval
  /** Of the mean, over seeds and items. */
  variance: number
  degrees: number
}

/** Null with fewer than two seeds. */
export function twoWayEstimate({ level = 0.95, ...input }: SeedsAndItems & { level?: number }): TwoWayEstimate | null {
  if (input.scores.length < 2) return null
  const centre = mean(input.scores.map((_, place) => scoreOfPair(input, place)))
  const { variance, degrees } = twoWayVariance(input)
  const half = studentQuantile((1 + level) / 2, degrees) * Math.sqrt(variance)
  return { mean: centre, interval: { low: centre - half, high: centre + half }, variance, degrees }
}
