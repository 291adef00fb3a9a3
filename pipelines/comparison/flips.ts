/**
 * What an arm gained and lost against its baseline, item by item: greedy responses at the end of training, seed by seed. An item is gained
 * with more credit than the baseline has on it: correct against wrong, or a larger part of the points.
 */

import { creditsOf, hasCredits, type ItemResults, sameItems, type TestItem } from '../evaluation/item-results.js'
import { mean } from '../statistics/estimate.js'
import { weightedMean } from '../statistics/weighted-mean.js'
import type { ExperimentOutcome } from './outcome.js'

/** An item on which the arm has more credit than the baseline over the seeds, or less. */
export interface Flip {
  item: TestItem
  /** Sum of the arm's credits over the seeds: the seeds in which its response is correct, unless there are parts of credit. */
  own: number
  /** The same of the baseline. */
  other: number
  /** Of the first seed in which the credits differ so. */
  example: { seed: number; own: string; other: string }
}

export interface FlipCount {
  /** Items, mean over the seeds. */
  items: number
  /** Their value times the credit gained or lost, as a share of the value of all items, mean over the seeds: their part of greedy H-Acc. */
  value: number
}

export interface Flips {
  arm: string
  against: string
  seeds: readonly number[]
  gained: FlipCount
  lost: FlipCount
  /** In order of value; `items`: how many the section has. */
  sections: readonly { section: string; value: number; items: number; gained: number; lost: number }[]
  /** Those of the most seeds first, then those of the highest value. */
  /** Some response has a credit other than 1 or 0. */
  byCredit: boolean
  mostGained: readonly Flip[]
  mostLost: readonly Flip[]
}

interface Pair {
  seed: number
  own: ItemResults
  other: ItemResults
}

/** Null without a seed in which the results of both on the same items are known. Items that are unscored in one of the two are left out. */
export function flipsOf({
  arm,
  against,
  outcomes,
  most,
}: {
  arm: string
  against: string
  outcomes: readonly ExperimentOutcome[]
  /** Items to name on either side. */
  most: number
}): Flips | null {
  const of = (name: string, seed: number) => outcomes.find(one => one.arm === name && one.seed === seed)?.items
  const seeds = outcomes.filter(outcome => outcome.arm === arm).map(({ seed }) => seed)
  const pairs = seeds
    .toSorted((a, b) => a - b)
    .flatMap((seed): Pair[] => {
      const [own, other] = [of(arm, seed), of(against, seed)]
      return own === undefined || other === undefined || !sameItems(own, other) ? [] : [{ seed, own, other }]
    })
  const [first] = pairs
  if (first === undefined || !pairs.every(({ own }) => sameItems(own, first.own))) return null
  const { items } = first.own
  const differences = pairs.map(pair => items.map((_, item) => difference(pair, item)))
  const gained = differences.map(seed => seed.map(credit => Math.max(0, credit)))
  const lost = differences.map(seed => seed.map(credit => Math.max(0, -credit)))
  const flips = items.map((item, index) => flipOf({ item, index, pairs }))
  const ranked = (sign: 1 | -1) =>
    flips
      .flatMap(flip => (flip === null || sign * (flip.own - flip.other) <= 0 ? [] : [flip]))
      .sort((a, b) => sign * (b.own - b.other - (a.own - a.other)) || b.item.value - a.item.value)
      .slice(0, most)
  return {
    arm,
    against,
    seeds: pairs.map(({ seed }) => seed),
    gained: countOf(items, gained),
    lost: countOf(items, lost),
    sections: bySection(items, gained, lost),
    byCredit: pairs.some(({ own, other }) => hasCredits(own) || hasCredits(other)),
    mostGained: ranked(1),
    mostLost: ranked(-1),
  }
}

/** Of the item in the last evaluation; null if unscored. */
function creditIn({ evaluations }: ItemResults, item: number): number | null {
  const last = evaluations.at(-1)
  return last === undefined ? null : (creditsOf(last, 'greedy')[item] ?? null)
}

/** The arm's credit minus the baseline's; 0 if one is unscored. 1 if only the arm is correct, -1 if only the baseline is. */
function difference({ own, other }: Pair, item: number): number {
  const [mine, theirs] = [creditIn(own, item), creditIn(other, item)]
  return mine === null || theirs === null ? 0 : mine - theirs
}

function flipOf({ item, index, pairs }: { item: TestItem; index: number; pairs: readonly Pair[] }): Flip | null {
  const sum = (side: 'own' | 'other') => pairs.reduce((all, pair) => all + (creditIn(pair[side], index) ?? 0), 0)
  const [own, other] = [sum('own'), sum('other')]
  const shown = pairs.find(pair => Math.sign(difference(pair, index)) === Math.sign(own - other))
  if (own === other || shown === undefined) return null
  const example = {
    seed: shown.seed,
    own: shown.own.responses[index]?.text ?? '',
    other: shown.other.responses[index]?.text ?? '',
  }
  return { item, own, other, example }
}

/** Credit gained, or lost, by seed and item; at least 0. */
type Credits = readonly (readonly number[])[]

function countOf(items: readonly TestItem[], credits: Credits): FlipCount {
  const worth = items.map(({ weight, value }) => weight * value)
  return {
    items: mean(credits.map(seed => seed.filter(credit => credit > 0).length)),
    value: mean(credits.map(seed => weightedMean(seed, worth))),
  }
}

function bySection(items: readonly TestItem[], gained: Credits, lost: Credits): Flips['sections'] {
  const names = [...new Set(items.map(({ section }) => section))]
  return names
    .map(section => {
      const own = items.filter(item => item.section === section)
      const count = (credits: Credits) =>
        mean(
          credits.map(seed => seed.filter((credit, index) => credit > 0 && items[index]?.section === section).length),
        )
      const value = weightedMean(
        own.map(item => item.value),
        own.map(item => item.weight),
      )
      return { section, value, items: own.length, gained: count(gained), lost: count(lost) }
    })
    .sort((a, b) => a.value - b.value)
}
