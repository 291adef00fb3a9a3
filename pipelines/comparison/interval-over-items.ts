/** Interval of the difference on the endpoint over seeds and items: the items, the same for every seed, are a sample of the exam too. */

import {
  type ItemEvaluation,
  type ItemPair,
  type ItemResults,
  meanCredit,
  sameItems,
} from '../evaluation/item-results.js'
import type { Interval } from '../statistics/estimate.js'
import { twoWayEstimate } from '../statistics/seeds-and-items.js'
import type { Endpoint } from './outcome.js'

/**
 * 95% interval of the difference, items within their sections. Null with fewer than two pairs, without results on single items, or if
 * seeds were tested on different items.
 */
export function overSeedsAndItems({
  pairs,
  endpoint,
}: {
  pairs: readonly ItemPair[]
  endpoint: Endpoint
}): Interval | null {
  const known = pairs.flatMap(({ own, other }) => (own === undefined || other === undefined ? [] : [{ own, other }]))
  const [first] = known
  if (first === undefined || known.length < pairs.length) return null
  if (!known.every(({ own, other }) => sameItems(own, first.own) && sameItems(other, first.own))) return null
  const { items } = first.own
  const found = twoWayEstimate({
    scores: known.map(({ own }) => scoresOf(own, endpoint)),
    reference: known.map(({ other }) => scoresOf(other, endpoint)),
    test: { weights: items.map(({ weight, value }) => weight * value), strata: items.map(({ section }) => section) },
  })
  return found?.interval ?? null
}

/** What each item adds to the endpoint, its credit; null if no response to it was scored. */
function scoresOf({ evaluations }: ItemResults, endpoint: Endpoint): (number | null)[] {
  const after = evaluations.slice(1)
  switch (endpoint) {
    case 'expected-h-acc-curve':
      return meanOf(after, 'expected')
    case 'expected-h-acc-final':
      return meanOf(after.slice(-1), 'expected')
    case 'h-acc-curve':
      return meanOf(after, 'greedy')
    case 'h-acc-final':
      return meanOf(after.slice(-1), 'greedy')
    default:
      return endpoint satisfies never
  }
}

function meanOf(evaluations: readonly ItemEvaluation[], decoding: 'greedy' | 'expected'): (number | null)[] {
  const items = evaluations[0]?.[decoding] ?? []
  return items.map((_, item) => meanCredit(evaluations, decoding, item))
}
