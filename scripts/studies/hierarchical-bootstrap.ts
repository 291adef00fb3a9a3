/**
 * The bootstrap over seeds and items: seeds are resampled, and items within their strata. All seeds and both
 * arms of a resample share one draw of items, because they answered the same items (Owen's pigeonhole
 * bootstrap, 2007). With `items: 'own'` each drawn seed gets a separate draw, as if it had answered other
 * items.
 */
import { stream } from '../../pipelines/random.js'
import { normalQuantile } from '../../pipelines/statistics/distributions.js'
import { type Interval, standardDeviation } from '../../pipelines/statistics/estimate.js'
import {
  itemsByStratum,
  type SeedsAndItems,
  scoreOfPair,
  type TestItems,
} from '../../pipelines/statistics/item-scores.js'
import { twoWayEstimate } from '../../pipelines/statistics/seeds-and-items.js'
import { type BootstrapSettings, biasCorrected, stretched } from './bootstrap.js'

export interface HierarchicalBootstrap {
  mean: number
  /**
   * Bias-corrected quantiles. Two errors oppose each other. Few seeds make it too narrow. The interaction of
   * seed and item is counted more than once, which makes it too wide if that is large. docs/statistics.md has
   * its coverage.
   */
  biasCorrected: Interval
  /** The same shape about the mean, at the width of the two-way t interval. */
  calibrated: Interval
}

/** Null with fewer than two seeds. Cost: replicates x seeds x items. */
export function hierarchicalBootstrap({
  items = 'shared',
  seed = 0,
  replicates = 2000,
  level = 0.95,
  ...input
}: SeedsAndItems & BootstrapSettings & { items?: 'shared' | 'own' }): HierarchicalBootstrap | null {
  const twoWay = twoWayEstimate({ ...input, level })
  if (twoWay === null) return null
  const seeds = input.scores.length
  const chosen = stream(seed, 'bootstrap of seeds')
  const draw = itemDraws(input.test, seed)
  const found = Array.from({ length: replicates }, (_, replicate) => {
    let sum = 0
    for (let index = 0; index < seeds; index++) {
      const counts = items === 'shared' && index > 0 ? draw.last : draw.next(replicate, index)
      sum += scoreOfPair(input, chosen.integer(seeds, replicate, index), counts)
    }
    return sum / seeds
  }).filter(Number.isFinite)
  const { mean, interval } = twoWay
  const own = biasCorrected({ replicates: found, estimate: mean, level })
  if (own === null) return null
  const spread = 2 * normalQuantile((1 + level) / 2) * standardDeviation(found)
  const factor = spread === 0 ? 1 : (interval.high - interval.low) / spread
  return { mean, biasCorrected: own, calibrated: stretched(own, mean, factor) }
}

/** How often each item was drawn, within strata; one buffer, overwritten by the next draw. */
function itemDraws(test: TestItems, seed: number) {
  const draws = stream(seed, 'bootstrap of items')
  const strata = itemsByStratum(test)
  const last = new Float64Array(test.weights.length)
  return {
    last,
    next(replicate: number, index: number): Float64Array {
      last.fill(0)
      for (const [stratum, places] of strata.entries()) {
        for (let item = 0; item < places.length; item++) {
          const drawn = places[draws.integer(places.length, replicate, index, stratum, item)] as number
          last[drawn] = (last[drawn] as number) + 1
        }
      }
      return last
    },
  }
}
