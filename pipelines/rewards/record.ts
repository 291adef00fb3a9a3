/** The five columns of every response: verdict, value, scale, reward, advantage. Filters and evaluation read only the verdict. */

export type Verdict = 'correct' | 'wrong' | 'unscored'

export interface RewardRecord {
  itemId: string
  sample: number
  verdict: Verdict
  /** The value that the arm's reward sees (shuffled in the shuffled arm). */
  value: number
  /** s(x): factor of a correct answer. */
  scale: number
  /** r(x, y) = s(x) * 1_correct(y), minus the KL penalty if it acts in the reward. If unscored: 0, and left out of every mean. */
  reward: number
  /** The factor of log pi in the update; 0 if unscored. */
  advantage: number
  /** Response tokens. */
  length: number
}
