/** Score of a test item: of its greedy response, and the mean over its samples. */
import type { Verdict } from '../rewards/verdict.js'
import type { ItemOutcome } from './evaluation.js'

export interface ItemScore {
  /** Share of the scored responses that are correct; null if none could be scored. */
  correct: number | null
  /** Response tokens, mean over the responses. */
  length: number
}

export function greedyScore({ greedy: { verdict, length } }: Pick<ItemOutcome, 'greedy'>): ItemScore {
  return { correct: isUnscored(verdict) ? null : verdict === 'correct' ? 1 : 0, length }
}

/** Without samples, the greedy response is used instead. */
export function expectedScore(outcome: ItemOutcome): ItemScore {
  const { samples } = outcome
  if (samples.length === 0) return greedyScore(outcome)
  const scored = samples.filter(sample => !isUnscored(sample.verdict))
  const right = scored.filter(sample => sample.verdict === 'correct').length
  return {
    correct: scored.length === 0 ? null : right / scored.length,
    length: samples.reduce((sum, sample) => sum + sample.length, 0) / samples.length,
  }
}

export function isUnscored(verdict: Verdict): boolean {
  return verdict === 'unscored'
}
