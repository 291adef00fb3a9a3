/** Simulated studies with a known truth, to count how often an interval contains it. */
import { type Stream, stream } from '../../../pipelines/random.js'
import type { ItemScores, TestItems } from '../../../pipelines/statistics/item-scores.js'

/** Distributions of paired differences over seeds, each with mean 0 and standard deviation 1. */
export const shapes = {
  normal: { skewness: 0, draw: (draws, ...at) => draws.normal(...at) },
  'heavy tails': { skewness: 0, draw: studentOfFive },
  'skewed arms': { skewness: 0.89, draw: gammaDifference },
  exponential: { skewness: 2, draw: (draws, study, seed) => exponential(draws, study, seed, 0) - 1 },
} as const satisfies Record<string, { skewness: number; draw: (draws: Stream, study: number, seed: number) => number }>

export type Shape = keyof typeof shapes

/** Differences of one study in units of their deviation; the true mean is `truth`. */
export function pairedStudy({
  shape,
  seeds,
  study,
  truth,
}: {
  shape: Shape
  seeds: number
  study: number
  truth: number
}): number[] {
  const draws = stream(seeds, `studies of ${shape}`)
  return Array.from({ length: seeds }, (_, seed) => truth + shapes[shape].draw(draws, study, seed))
}

function exponential(draws: Stream, study: number, seed: number, which: number): number {
  return -Math.log(1 - draws.uniform(study, seed, which))
}

/** One arm is a gamma of shape 2, the other half of such a gamma: seeds of which some take off. */
function gammaDifference(draws: Stream, study: number, seed: number): number {
  const gamma = (first: number) => exponential(draws, study, seed, first) + exponential(draws, study, seed, first + 1)
  return (gamma(0) - 2 - (gamma(2) - 2) / 2) / Math.sqrt(2.5)
}

/** Student's of five degrees, scaled to deviation 1. */
function studentOfFive(draws: Stream, study: number, seed: number): number {
  let squares = 0
  for (let which = 1; which <= 5; which++) squares += draws.normal(study, seed, which) ** 2
  return (draws.normal(study, seed, 0) / Math.sqrt(squares / 5)) * Math.sqrt(3 / 5)
}

/** An exam like `pl`: four sections of fixed sizes, with few items of high value. */
const sections = [
  { items: 84, value: 1, effect: -0.02 },
  { items: 22, value: 5, effect: 0.05 },
  { items: 10, value: 8, effect: 0.08 },
  { items: 4, value: 20, effect: 0.1 },
] as const

export interface ItemStudy {
  scores: ItemScores
  reference: ItemScores
  test: TestItems
  /** The difference in H-Acc over all seeds and all items of such sections. */
  truth: number
}

/**
 * Two arms, `seeds` pairs on one test set, greedy. P(correct) is the item's term plus the seed's term; in the
 * first arm also the section's effect, with an item's and a seed's deviation. Both arms of a seed draw the same
 * uniform numbers, as in rlev. All but a thousandth of the probabilities are in [0, 1], so the truth is the sum
 * of the section's effects by value.
 */
export function itemStudy({ shape, seeds, study }: { shape: Shape; seeds: number; study: number }): ItemStudy {
  const draws = stream(seeds, `studies of items, ${shape}`)
  const pairDraws = stream(seeds, `pairs of ${shape}`)
  const items = sections.flatMap(({ items: count, value, effect }, section) =>
    Array.from({ length: count }, () => ({ section, value, effect })),
  )
  const own = items.map((_, item) => 0.3 + 0.4 * draws.uniform(study, 0, item, 1))
  const part = items.map((_, item) => 0.3 * (draws.uniform(study, 0, item, 2) - 0.5))
  const pairs = Array.from({ length: seeds }, (_, seed) => {
    const ofSeed = 0.02 * draws.normal(study, 1 + seed, 0, 3)
    const ofPair = 0.03 * shapes[shape].draw(pairDraws, study, seed)
    return items.map(({ effect }, item) => {
      const drawn = draws.uniform(study, 1 + seed, item, 4)
      const base = (own[item] as number) + ofSeed
      const gain = effect + (part[item] as number) + ofPair
      return { scored: drawn < base + gain ? 1 : 0, reference: drawn < base ? 1 : 0 }
    })
  })
  const total = items.reduce((sum, { value }) => sum + value, 0)
  return {
    scores: pairs.map(run => run.map(({ scored }) => scored)),
    reference: pairs.map(run => run.map(({ reference }) => reference)),
    test: { weights: items.map(({ value }) => value), strata: items.map(({ section }) => section) },
    truth: items.reduce((sum, { value, effect }) => sum + value * effect, 0) / total,
  }
}
