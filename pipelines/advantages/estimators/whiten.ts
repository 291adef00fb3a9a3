/**
 * Whitening over the tokens of a batch, as the REINFORCE++ implementations do it: every token carries its sequence's reward, so
 * a long response weighs more in mean and variance than a short one.
 */
import { type Group, isScored } from './group.js'

const VARIANCE_FLOOR = 1e-8

/**
 * (r - mean) / sqrt(max(variance, 1e-8)), mean and biased variance over tokens. `rewards` has the shape of `groups`;
 * unscored samples are in neither sum and get 0.
 */
export function tokenWhitened(groups: readonly Group[], rewards: readonly (readonly number[])[]): number[][] {
  const rows = groups.flatMap((group, row) =>
    group.flatMap((sample, column) =>
      isScored(sample) ? [{ reward: rewards[row]?.[column] ?? 0, tokens: sample.length }] : [],
    ),
  )
  const tokens = rows.reduce((sum, row) => sum + row.tokens, 0)
  const overTokens = (of: (reward: number) => number) =>
    tokens === 0 ? 0 : rows.reduce((sum, row) => sum + row.tokens * of(row.reward), 0) / tokens
  // Around the first reward and in two passes: equal rewards give exactly 0.
  const first = rows[0]?.reward ?? 0
  const mean = first + overTokens(reward => reward - first)
  const variance = overTokens(reward => (reward - mean) ** 2)
  const deviation = Math.sqrt(Math.max(variance, VARIANCE_FLOOR))
  return groups.map((group, row) =>
    group.map((sample, column) => (isScored(sample) ? ((rewards[row]?.[column] ?? 0) - mean) / deviation : 0)),
  )
}
