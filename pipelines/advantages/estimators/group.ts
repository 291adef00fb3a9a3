/** The input of the estimators: for each prompt of a step its samples. Also the float64 sums that they share. */
import { creditOf, type KeptMark } from '../../rewards/mark.js'

export interface Sample extends KeptMark {
  reward: number
  /** Response tokens. */
  length: number
}

/** The samples of one prompt. */
export type Group = readonly Sample[]

/** Groups in, advantages out, in the same places. */
export type Estimator = (groups: readonly Group[], settings: { epsilon: number }) => number[][]

/** Applies `compute` to the rewards of the scored samples; an unscored sample is in no sum and gets advantage 0. */
export function overScored(group: Group, compute: (rewards: readonly number[]) => readonly number[]): number[] {
  const computed = compute(group.filter(isScored).map(sample => sample.reward))
  let next = 0
  return group.map(sample => (isScored(sample) ? (computed[next++] ?? 0) : 0))
}

export function isScored(sample: Pick<Sample, 'verdict'>): boolean {
  return sample.verdict !== 'unscored'
}

/** r - mean. The mean is taken around the first reward, so equal rewards give exactly 0, whatever their binary form. */
export function centred(rewards: readonly number[]): number[] {
  const first = rewards[0] ?? 0
  const mean = first + rewards.reduce((sum, reward) => sum + (reward - first), 0) / Math.max(1, rewards.length)
  return rewards.map(reward => reward - mean)
}

/** sqrt(sum (r - mean)^2 / (n - 1)) in two passes, because E[r^2] - E[r]^2 has a rounding error, which would then be a divisor. */
export function unbiasedDeviation(rewards: readonly number[]): number {
  if (rewards.length < 2) return 0
  return Math.sqrt(centred(rewards).reduce((sum, difference) => sum + difference ** 2, 0) / (rewards.length - 1))
}

/** Whether all scored samples have the same credit, so that the group has no signal. Decided by the credits, not by the rewards. */
export function isDegenerate(group: readonly KeptMark[]): boolean {
  const credits = new Set(group.filter(isScored).map(creditOf))
  return credits.size < 2
}
