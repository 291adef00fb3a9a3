/**
 * Bootstrap intervals: the statistic over resamples, its quantiles corrected for bias (BC) and for a spread that changes with the
 * truth (BCa), and the same widened for few seeds. Efron 1987; Hesterberg, The American Statistician 2015.
 */
import { stream } from '../../pipelines/random.js'
import { normalCumulative, normalQuantile, studentQuantile } from '../../pipelines/statistics/distributions.js'
import { type Interval, mean } from '../../pipelines/statistics/estimate.js'
import { quantile } from '../../pipelines/statistics/quantile.js'

/** Number of units that are resampled; the statistic gets `units` places drawn with repetition. */
export type StatisticOfPlaces = (places: readonly number[]) => number

export interface BootstrapSettings {
  /** Names the resamples: the same seed gives the same interval, bit by bit. Default 0. */
  seed?: number
  replicates?: number
  level?: number
}

/** The statistic of each resample, in order of the draws. Place i of replicate r has its own position in the stream of `seed`. */
export function resampled({
  units,
  statistic,
  seed = 0,
  replicates = 10_000,
}: BootstrapSettings & { units: number; statistic: StatisticOfPlaces }): number[] {
  const draws = stream(seed, 'bootstrap')
  const places = new Array<number>(units)
  return Array.from({ length: replicates }, (_, replicate) => {
    for (let index = 0; index < units; index++) places[index] = draws.integer(units, replicate, index)
    return statistic(places)
  })
}

/**
 * Quantiles of the replicates at Phi(z0 + (z0 + z) / (1 - a (z0 + z))), where z0 is the normal quantile of the share of replicates below
 * the estimate (half of those equal to it) and `a` the acceleration: 0 gives BC, the jackknife's BCa. Replicates that are not finite
 * (a resample on which the statistic is not defined) are left out; null without any.
 */
export function biasCorrected({
  replicates,
  estimate,
  acceleration = 0,
  level = 0.95,
}: {
  replicates: readonly number[]
  estimate: number
  acceleration?: number
  level?: number
}): Interval | null {
  const sorted = Float64Array.from(replicates.filter(Number.isFinite)).sort()
  const n = sorted.length
  if (n === 0) return null
  let below = 0
  let upTo = 0
  for (const value of sorted) {
    if (value < estimate) below++
    if (value <= estimate) upTo++
  }
  // All on one side would make z0 infinite.
  const share = Math.min(1 - 0.5 / n, Math.max(0.5 / n, (below + upTo) / (2 * n)))
  const z0 = normalQuantile(share)
  const at = (z: number) => {
    const shifted = z0 + z
    return quantile(sorted, normalCumulative(z0 + shifted / (1 - acceleration * shifted)))
  }
  const z = normalQuantile((1 + level) / 2)
  return { low: at(-z), high: at(z) }
}

/**
 * sum u^3 / (6 (sum u^2)^1.5) over u = mean of the jackknife - its value without one unit: how the statistic's spread changes with the
 * truth. 0 if all are alike.
 */
export function jackknifeAcceleration(units: number, statistic: StatisticOfPlaces): number {
  const all = Array.from({ length: units }, (_, index) => index)
  const without = all.map(left => statistic(all.filter(index => index !== left)))
  const centre = mean(without)
  const squares = without.reduce((sum, value) => sum + (centre - value) ** 2, 0)
  const cubes = without.reduce((sum, value) => sum + (centre - value) ** 3, 0)
  return squares === 0 ? 0 : cubes / (6 * squares ** 1.5)
}

/** The ends' distances from the estimate times `factor`: the bootstrap's shape at another width. */
export function stretched({ low, high }: Interval, estimate: number, factor: number): Interval {
  return { low: estimate + factor * (low - estimate), high: estimate + factor * (high - estimate) }
}

/**
 * Factor by which a bootstrap over n units is too narrow: resamples spread by n - 1 instead of n, and their quantiles are the normal's
 * instead of Student's. 1.58 for five units, 1.22 for ten, 1.10 for twenty.
 */
export function narrowness(units: number, level = 0.95): number {
  const share = (1 + level) / 2
  return (Math.sqrt(units / (units - 1)) * studentQuantile(share, units - 1)) / normalQuantile(share)
}

export interface BootstrapInterval {
  /** Bias-corrected, acceleration 0. */
  biasCorrected: Interval
  /** Accelerated by the jackknife. Its coverage is too low with few seeds (docs/statistics.md). */
  accelerated: Interval
  /** The accelerated one times `narrowness`. */
  widened: Interval
}

/** Of any statistic over units (seeds, or pairs of seeds). Null with fewer than two units, or if it is never defined. */
export function bootstrapInterval({
  units,
  statistic,
  level = 0.95,
  ...settings
}: BootstrapSettings & { units: number; statistic: StatisticOfPlaces }): BootstrapInterval | null {
  if (units < 2) return null
  const estimate = statistic(Array.from({ length: units }, (_, index) => index))
  const replicates = resampled({ units, statistic, ...settings })
  const plain = biasCorrected({ replicates, estimate, level })
  const acceleration = jackknifeAcceleration(units, statistic)
  const accelerated = biasCorrected({ replicates, estimate, acceleration, level })
  if (plain === null || accelerated === null || !Number.isFinite(estimate)) return null
  return { biasCorrected: plain, accelerated, widened: stretched(accelerated, estimate, narrowness(units, level)) }
}

/** The mean of `values` at the places drawn. */
export function meanAt(values: readonly number[]): StatisticOfPlaces {
  return places => places.reduce((sum, place) => sum + (values[place] ?? Number.NaN), 0) / places.length
}
