/**
 * Bounds of accuracies in view of unscored responses. Leaving these out is right if the failure to score does not depend on the answer.
 * If it does, the true accuracy is anywhere between all of them wrong and all of them right.
 */
import { weightedMean } from '../statistics/weighted-mean.js'

export interface Undecided {
  /** Unscored share of all responses, in [0, 1]. */
  share: number
  acc: Bounds
  hAcc: Bounds
}

/** With every unscored response wrong, and with every one right; in [0, 1], or [-1, 1] for H-Acc by credit. */
export interface Bounds {
  lowest: number
  highest: number
}

export interface Counted {
  value: number
  weight: number
  correct: number
  /** Sum over the scored responses. */
  credit: number
  /** Of a wrong response to the item. */
  wrongCredit: number
  unscored: number
  /** Responses to the item, at least 1. */
  of: number
}

export function undecided(items: readonly Counted[]): Undecided {
  const responses = items.reduce((sum, { of }) => sum + of, 0)
  const weights = items.map(({ weight }) => weight)
  const valued = items.map(({ weight, value }) => weight * value)
  return {
    share: responses === 0 ? 0 : items.reduce((sum, item) => sum + item.unscored, 0) / responses,
    acc: {
      lowest: weightedMean(
        items.map(({ correct, of }) => correct / of),
        weights,
      ),
      highest: weightedMean(
        items.map(({ correct, unscored, of }) => (correct + unscored) / of),
        weights,
      ),
    },
    hAcc: {
      lowest: weightedMean(
        items.map(({ credit, unscored, wrongCredit, of }) => (credit + unscored * wrongCredit) / of),
        valued,
      ),
      highest: weightedMean(
        items.map(({ credit, unscored, of }) => (credit + unscored) / of),
        valued,
      ),
    },
  }
}
