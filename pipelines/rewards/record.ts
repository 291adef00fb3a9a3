/** The five columns kept apart for every response: correct, value, scale, reward, advantage. Filters and evaluation read the verdict only. */

export type Verdict = 'correct' | 'wrong' | 'unscored'

export interface RewardRecord {
  itemId: string
  sample: number
  verdict: Verdict
  /** The value that the arm's reward sees (shuffled in the shuffled arm). */
  value: number
  /** s(x): factor of a correct answer. */
  scale: number
  /** r(x, y) = s(x) * 1_correct(y), less the KL penalty where it acts in the reward; 0 and left out of every mean when unscored. */
  reward: number
  /** What the update multiplies log pi with; 0 when unscored. */
  advantage: number
  /** Response tokens. */
  length: number
}
