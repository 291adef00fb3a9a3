/**
 * The paper's columns from per-item outcomes. Its H-Acc is sum of v over correct / sum of v over all; here every sum also has
 * the weight of the item, and leaves out items that no verifier could score. With credits, H-Acc is sum of v credit / sum of v; Acc
 * stays the share of correct responses, which have full credit.
 */

import { RlevError } from '../errors.js'
import { given } from '../given.js'
import { weightsInFifth } from '../statistics/fifths.js'
import { weightedMean } from '../statistics/weighted-mean.js'
import type { Columns } from './evaluation.js'

export interface ScoredItem {
  /** v, in (0, 1]: the true value, not the one that the arm's reward uses. */
  value: number
  weight: number
  /** 1 or 0, or the share of scored samples that are correct; null if none could be scored. */
  correct: number | null
  /** Mean credit of the scored responses, in [-1, 1]; null if none could be scored. */
  credit: number | null
  /** Response tokens, mean over the samples. */
  length: number
  /** Share of the responses that were cut; absent if that is not known. */
  cut?: number
}

/** Shares in [0, 1], H-Acc in [-1, 1], length in tokens, value density in percent a token. Throws DataInvalid if no item could be scored. */
export function columns(items: readonly ScoredItem[]): Columns {
  const scored = items.flatMap(item =>
    item.correct === null || item.credit === null ? [] : [{ ...item, correct: item.correct, credit: item.credit }],
  )
  if (scored.length === 0) {
    throw new RlevError({
      kind: 'DataInvalid',
      message: 'no response could be scored, so there is no accuracy',
      place: 'evaluation',
      expected: 'references that reward.verifier can read, or a judge that answers with verdicts',
      found: `${items.length} items, all unscored`,
      remedy:
        'choose the verifier that fits the answers of the data: exact, numeric or choice; of a judge, look at what it answers',
    })
  }
  const weights = scored.map(item => item.weight)
  const correct = scored.map(item => item.correct)
  const hAcc = weightedMean(
    scored.map(item => item.credit),
    scored.map(item => item.weight * item.value),
  )
  const length = weightedMean(
    items.map(item => item.length),
    items.map(item => item.weight),
  )
  return {
    acc: weightedMean(correct, weights),
    hAcc,
    length,
    valueDensity: length === 0 ? 0 : (100 * hAcc) / length,
    accHigh: weightedMean(correct, weightsInFifth(scored, 5)),
    accLow: weightedMean(correct, weightsInFifth(scored, 1)),
    ...given({ cut: cutOf(items) }),
  }
}

/** Over every item, scored or not, by weight. */
function cutOf(items: readonly ScoredItem[]): number | undefined {
  if (items.some(({ cut }) => cut === undefined)) return undefined
  return weightedMean(
    items.map(({ cut = 0 }) => cut),
    items.map(({ weight }) => weight),
  )
}

/**
 * pass@k, unbiased: 1 - C(n - c, k) / C(n, k) for an item with c correct among n scored samples (Chen et al. 2021), as a weighted
 * mean over the items with n >= k; null without such an item.
 */
export function passAtK(
  items: readonly { correct: number; scored: number; weight: number }[],
  k: number,
): number | null {
  const enough = items.filter(item => item.scored >= k)
  if (enough.length === 0) return null
  return weightedMean(
    enough.map(({ correct, scored }) => {
      // C(n - c, k) / C(n, k) = product over i < k of (n - c - i) / (n - i), without factorials.
      let missed = 1
      for (let index = 0; index < k; index++) missed *= Math.max(0, scored - correct - index) / (scored - index)
      return 1 - missed
    }),
    enough.map(item => item.weight),
  )
}
