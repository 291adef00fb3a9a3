/** What an arm gained and lost against its baseline, item by item: greedy responses at the end of training, seed by seed. */

import { type ItemResults, sameItems, type TestItem } from '../evaluation/item-results.js'
import { mean } from '../statistics/estimate.js'
import { weightedMean } from '../statistics/weighted-mean.js'
import type { ExperimentOutcome } from './outcome.js'

/** An item that the arm answers correctly in more seeds than the baseline, or in fewer. */
export interface Flip {
  item: TestItem
  /** Seeds in which the arm's response is correct. */
  own: number
  /** Seeds in which the baseline's is. */
  other: number
  /** Of the first seed in which only one of the two is correct. */
  example: { seed: number; own: string; other: string }
}

export interface FlipCount {
  /** Items, mean over the seeds. */
  items: number
  /** Their share of the value of all items, in [0, 1], mean over the seeds: what they add to, or take from, greedy H-Acc. */
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
  const gained = pairs.map(pair => items.map((_, item) => flipped(pair, item) === 1))
  const lost = pairs.map(pair => items.map((_, item) => flipped(pair, item) === -1))
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
    mostGained: ranked(1),
    mostLost: ranked(-1),
  }
}

/** 1 if only the arm is correct, -1 if only the baseline is, else 0. */
function flipped({ own, other }: Pair, item: number): -1 | 0 | 1 {
  const [mine, theirs] = [own.evaluations.at(-1)?.greedy[item], other.evaluations.at(-1)?.greedy[item]]
  if (mine == null || theirs == null || mine === theirs) return 0
  return mine > theirs ? 1 : -1
}

function flipOf({ item, index, pairs }: { item: TestItem; index: number; pairs: readonly Pair[] }): Flip | null {
  const correct = (results: ItemResults) => results.evaluations.at(-1)?.greedy[index] === 1
  const [own, other] = [
    pairs.filter(pair => correct(pair.own)).length,
    pairs.filter(pair => correct(pair.other)).length,
  ]
  const shown = pairs.find(pair => flipped(pair, index) === Math.sign(own - other))
  if (own === other || shown === undefined) return null
  const example = {
    seed: shown.seed,
    own: shown.own.responses[index] ?? '',
    other: shown.other.responses[index] ?? '',
  }
  return { item, own, other, example }
}

type Marked = readonly (readonly boolean[])[]

function countOf(items: readonly TestItem[], marked: Marked): FlipCount {
  const worth = items.map(({ weight, value }) => weight * value)
  return {
    items: mean(marked.map(seed => seed.filter(one => one).length)),
    value: mean(marked.map(seed => weightedMean(seed.map(Number), worth))),
  }
}

function bySection(items: readonly TestItem[], gained: Marked, lost: Marked): Flips['sections'] {
  const names = [...new Set(items.map(({ section }) => section))]
  return names
    .map(section => {
      const own = items.filter(item => item.section === section)
      const count = (marked: Marked) =>
        mean(marked.map(seed => seed.filter((one, index) => one && items[index]?.section === section).length))
      const value = weightedMean(
        own.map(item => item.value),
        own.map(item => item.weight),
      )
      return { section, value, items: own.length, gained: count(gained), lost: count(lost) }
    })
    .sort((a, b) => a.value - b.value)
}
