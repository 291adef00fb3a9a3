/** What runs scored on single test items, for statistics over both seeds and items. */

/** Of one arm: `scores[seed][item]`, the share of correct responses in [0, 1], or the mean credit in [-1, 1]; null if every verdict was unscored. */
export type ItemScores = readonly (readonly (number | null)[])[]

export interface TestItems {
  /** Weight of each item in the mean: 1 for Acc, its value for H-Acc, times the weight of its section in the exam. */
  weights: readonly number[]
  /** Section or other stratum of each item, whose sizes were fixed and not drawn; all in one when left out. */
  strata?: readonly (string | number)[]
}

export interface SeedsAndItems {
  scores: ItemScores
  /** The arm to compare with, seed by seed; without it the mean of `scores` itself is estimated. */
  reference?: ItemScores | undefined
  test: TestItems
}

/** sum k w c / sum k w over the scored items of a run, an item counted k times; once each without `counts`. */
export function weightedScore(
  scores: readonly (number | null)[],
  weights: readonly number[],
  counts?: ArrayLike<number>,
): number {
  let right = 0
  let total = 0
  for (let item = 0; item < scores.length; item++) {
    const score = scores[item]
    if (score == null) continue
    const weight = (weights[item] as number) * (counts === undefined ? 1 : (counts[item] as number))
    right += weight * score
    total += weight
  }
  return right / total
}

/** Weighted score of the seed at `place`, minus the reference's; `counts` says how often each item counts. */
export function scoreOfPair(
  { scores, reference, test: { weights } }: SeedsAndItems,
  place: number,
  counts?: ArrayLike<number>,
): number {
  const own = weightedScore(scores[place] ?? [], weights, counts)
  return reference === undefined ? own : own - weightedScore(reference[place] ?? [], weights, counts)
}

/** Places of the items of each stratum, in order of their first item. */
export function itemsByStratum({ weights, strata }: TestItems): number[][] {
  const places = new Map<string | number, number[]>()
  for (const item of weights.keys()) {
    const stratum = strata?.[item] ?? 0
    const known = places.get(stratum)
    if (known === undefined) places.set(stratum, [item])
    else known.push(item)
  }
  return [...places.values()]
}
