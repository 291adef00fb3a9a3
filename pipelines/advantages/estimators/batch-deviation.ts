/**
 * Batch deviation (Lite PPO). Divides by: the unbiased standard deviation of all rewards of the batch + epsilon. Of the value
 * it keeps the relative scale between prompts; a uniform scale cancels.
 * A_i = (r_i - mean of the group) / (std of the batch + epsilon).
 */
import { centred, type Estimator, isScored, overScored, unbiasedDeviation } from './group.js'

/** With one scored sample in the group: 0. */
export const batchDeviation: Estimator = (groups, { epsilon }) => {
  const all = groups.flatMap(group => group.filter(isScored).map(sample => sample.reward))
  const deviation = unbiasedDeviation(all)
  return groups.map(group =>
    overScored(group, rewards => centred(rewards).map(difference => difference / (deviation + epsilon))),
  )
}
