/**
 * The paired permutation test: if two arms are alike, each seed's difference could have had the opposite sign. Its only assumption
 * on the differences is symmetry about 0 under the hypothesis.
 */
import { stream } from '../random.js'

export interface SignFlipTest {
  /** Two-sided; null without any pair. Never 0. */
  p: number | null
  /** Every one of the 2^n sign patterns was counted. */
  exact: boolean
  /** Patterns counted, or drawn. */
  patterns: number
}

const EXACT_UP_TO = 16
const BITS = 24

/**
 * Share of sign patterns whose sum is at least as far from 0 as the observed one. Exact up to 16 pairs; beyond, `draws` patterns from the
 * stream of `seed` give (b + 1) / (draws + 1), b of them as extreme (Phipson and Smyth 2010). Sums that differ by rounding only
 * count as equal. The smallest p of n pairs is 2 / 2^n: 0.0625 for five pairs, 0.031 for six.
 */
export function signFlipTest(
  differences: readonly number[],
  { seed = 0, draws = 9999, exactUpTo = EXACT_UP_TO }: { seed?: number; draws?: number; exactUpTo?: number } = {},
): SignFlipTest {
  const n = differences.length
  if (n === 0) return { p: null, exact: true, patterns: 0 }
  const size = differences.reduce((sum, value) => sum + Math.abs(value), 0)
  const found = Math.abs(differences.reduce((sum, value) => sum + value, 0))
  const extreme = (sum: number) => Math.abs(sum) >= found - 1e-12 * size
  if (n <= Math.min(exactUpTo, BITS)) {
    const patterns = 2 ** n
    let count = 0
    for (let pattern = 0; pattern < patterns; pattern++) if (extreme(flipped(differences, () => pattern))) count++
    return { p: count / patterns, exact: true, patterns }
  }
  const signs = stream(seed, 'signs of a paired permutation')
  let count = 0
  for (let draw = 0; draw < draws; draw++) {
    if (extreme(flipped(differences, block => signs.uniform(draw, block) * 2 ** BITS))) count++
  }
  return { p: (count + 1) / (draws + 1), exact: false, patterns: draws }
}

/** Sum with the signs of `bits`, 24 pairs a block. */
function flipped(differences: readonly number[], bits: (block: number) => number): number {
  let sum = 0
  let block = 0
  for (const [index, value] of differences.entries()) {
    if (index % BITS === 0) block = bits(index / BITS)
    sum += (block >>> (index % BITS)) & 1 ? -value : value
  }
  return sum
}
