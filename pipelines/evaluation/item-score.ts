/** Score of a test item, right or wrong and by credit: of its greedy response, and the mean over its samples. */
import { given } from '../given.js'
import { creditOf } from '../rewards/mark.js'
import type { Verdict } from '../rewards/verdict.js'
import type { ItemOutcome, ResponseOutcome } from './evaluation.js'

export interface ItemScore {
  /** Share of the scored responses that are correct; null if none could be scored. */
  correct: number | null
  /** Mean credit of the scored responses, in [-1, 1]; equal to `correct` unless parts of points are given or points deducted. */
  credit: number | null
  /** Response tokens, mean over the responses. */
  length: number
  /** Share of the responses that were cut; absent if that is not known. */
  cut?: number
}

export function greedyScore({ greedy }: Pick<ItemOutcome, 'greedy'>): ItemScore {
  const { verdict, length } = greedy
  const rest = { length, ...given({ cut: cutShare([greedy]) }) }
  if (isUnscored(verdict)) return { correct: null, credit: null, ...rest }
  return { correct: verdict === 'correct' ? 1 : 0, credit: creditOf(greedy), ...rest }
}

/** Without samples, the greedy response is used instead. */
export function expectedScore(outcome: ItemOutcome): ItemScore {
  const { samples } = outcome
  if (samples.length === 0) return greedyScore(outcome)
  const scored = samples.filter(sample => !isUnscored(sample.verdict))
  const right = scored.filter(sample => sample.verdict === 'correct').length
  return {
    correct: scored.length === 0 ? null : right / scored.length,
    credit: scored.length === 0 ? null : scored.reduce((sum, sample) => sum + creditOf(sample), 0) / scored.length,
    length: samples.reduce((sum, sample) => sum + sample.length, 0) / samples.length,
    ...given({ cut: cutShare(samples) }),
  }
}

function cutShare(responses: readonly ResponseOutcome[]): number | undefined {
  if (responses.some(({ finish }) => finish === undefined)) return undefined
  return responses.filter(({ finish }) => finish === 'length').length / responses.length
}

export function isUnscored(verdict: Verdict): boolean {
  return verdict === 'unscored'
}
