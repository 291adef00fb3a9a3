/**
 * Variance of a mean over seeds and items if every seed has the same items: seeds + items - their interaction, which both of
 * the others contain. Items within strata; the weighted ratio by its linear part.
 */
import { mean, standardDeviation } from './estimate.js'
import { itemsByStratum, type SeedsAndItems, scoreOfPair, weightedScore } from './item-scores.js'

export interface TwoWayVariance {
  variance: number
  /** Satterthwaite's: few if seeds scatter most, many if items do. */
  degrees: number
}

/**
 * V = V_seeds + V_items - V_both, never below V_seeds: s^2 of the seeds' means / n; the strata's summed s^2 of the items' means; the mean
 * square of the residual, over n times the number of items. Degrees V^2 / sum V_i^2 / k_i: seeds have n - 1, the items of a stratum one fewer than
 * they are, the residual their product. `scores` has at least two seeds; a stratum of one item is taken as fixed.
 */
export function twoWayVariance(input: SeedsAndItems): TwoWayVariance {
  const { scores, reference, test } = input
  const n = scores.length
  const influences = scores.map((run, place) => {
    const own = influence(run, test.weights)
    const other = reference === undefined ? null : influence(reference[place] ?? [], test.weights)
    return other === null ? own : own.map((value, item) => value - (other[item] ?? Number.NaN))
  })
  const bySeed = scores.map((_, place) => scoreOfPair(input, place))
  const strata = itemsByStratum(test)
  const byItem = test.weights.map((_, item) => mean(influences.map(run => run[item] ?? Number.NaN)))
  const ofSeeds = standardDeviation(bySeed) ** 2 / n
  const ofItems = strataVariances(byItem, strata)
  const left = influences.map(run =>
    strataVariances(
      run.map((value, item) => value - (byItem[item] ?? Number.NaN)),
      strata,
    ),
  )
  const ofBoth = strata.map((_, stratum) => mean(left.map(run => run[stratum] ?? Number.NaN)) / (n - 1))
  const variance = Math.max(ofSeeds, ofSeeds + sumOf(ofItems) - sumOf(ofBoth))
  const squares = strata.reduce(
    (sum, { length }, stratum) => {
      if (length < 2) return sum
      const [items, both] = [ofItems[stratum] ?? Number.NaN, ofBoth[stratum] ?? Number.NaN]
      return sum + (items ** 2 + both ** 2 / (n - 1)) / (length - 1)
    },
    ofSeeds ** 2 / (n - 1),
  )
  return { variance, degrees: squares === 0 ? n - 1 : Math.max(n - 1, variance ** 2 / squares) }
}

/** By how much each item moves the run's weighted score: m w (c - score) / sum w, 0 where unscored; their mean is 0. */
function influence(run: readonly (number | null)[], weights: readonly number[]): number[] {
  const score = weightedScore(run, weights)
  let total = 0
  for (const [item, one] of run.entries()) if (one !== null) total += weights[item] ?? Number.NaN
  return run.map((one, item) =>
    one === null ? 0 : (run.length * (weights[item] ?? Number.NaN) * (one - score)) / total,
  )
}

/** What each stratum gives to the variance of the mean of all items: m_h s_h^2 / m^2. */
function strataVariances(values: readonly number[], strata: readonly (readonly number[])[]): number[] {
  return strata.map(places =>
    places.length < 2
      ? 0
      : (places.length * standardDeviation(places.map(place => values[place] ?? Number.NaN)) ** 2) / values.length ** 2,
  )
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
