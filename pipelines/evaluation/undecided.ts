/**
 * What unscored responses leave open. They are in no accuracy, which is right where their failing has nothing to do with the answer;
 * where it has, the truth lies anywhere between all of them wrong and all of them right.
 */
import { weightedMean } from '../statistics/weighted-mean.js'

export interface Undecided {
  /** Unscored responses of all, in [0, 1]. */
  share: number
  acc: Bounds
  hAcc: Bounds
}

/** With every unscored response wrong, and with every one right; in [0, 1]. */
export interface Bounds {
  lowest: number
  highest: number
}

export interface Counted {
  value: number
  weight: number
  correct: number
  unscored: number
  /** Responses to the item, at least 1. */
  of: number
}

export function undecided(items: readonly Counted[]): Undecided {
  const responses = items.reduce((sum, { of }) => sum + of, 0)
  const bounds = (weights: readonly number[]): Bounds => ({
    lowest: weightedMean(
      items.map(({ correct, of }) => correct / of),
      weights,
    ),
    highest: weightedMean(
      items.map(({ correct, unscored, of }) => (correct + unscored) / of),
      weights,
    ),
  })
  return {
    share: responses === 0 ? 0 : items.reduce((sum, item) => sum + item.unscored, 0) / responses,
    acc: bounds(items.map(({ weight }) => weight)),
    hAcc: bounds(items.map(({ weight, value }) => weight * value)),
  }
}
