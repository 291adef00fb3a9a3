/**
 * The batch that every candidate gets: prompts, and planned lengths of responses if lengths differ. It is drawn
 * by a seed, so that it is the same in every process and every run.
 */
import { stream } from '../../pipelines/random.js'
import { rowsOf, type Size } from './sizes.js'

const seed = 1

/** Token ids of `prompts` prompts. They do not contain the last two ids of the vocabulary (padding, end). */
export function promptTokens({ prompts, promptTokens, vocabulary }: Size, step = 0): number[][] {
  const { integer } = stream(seed, 'prompts of the bench')
  return Array.from({ length: prompts }, (_, prompt) =>
    Array.from({ length: promptTokens }, (_, position) => integer(vocabulary - 2, step, prompt, position)),
  )
}

/**
 * Length of each row's response, the end token included, if the end has the same probability at every position.
 * The lengths are the quantiles of that distribution, cut at the limit, with a mean of a quarter of the limit,
 * in random order.
 */
export function plannedLengths(size: Size): number[] {
  const rows = rowsOf(size)
  const limit = size.completionTokens
  const chance = endChance(limit)
  const lengths = Array.from({ length: rows }, (_, row) => {
    const left = 1 - (row + 0.5) / rows
    return Math.min(limit, Math.max(1, Math.ceil(Math.log(left) / Math.log(1 - chance))))
  })
  return stream(seed, 'order of lengths')
    .permutation(rows)
    .map(row => lengths[row] as number)
}

/** p with (1 - (1 - p)^limit) / p = limit / 4: the mean of a geometric length cut at the limit. */
function endChance(limit: number): number {
  let low = 1e-6
  let high = 1
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2
    if ((1 - (1 - middle) ** limit) / middle > limit / 4) low = middle
    else high = middle
  }
  return (low + high) / 2
}
