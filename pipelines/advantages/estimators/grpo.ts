/**
 * GRPO. Divides by: the group's own unbiased standard deviation + epsilon. The value is cancelled: a per-prompt scale
 * cancels: (s r_i - s mean) / (s std) = (r_i - mean) / std, up to epsilon.
 * A_i = (r_i - mean) / (std + epsilon) (Shao et al. 2024).
 */
import { centred, type Estimator, overScored, unbiasedDeviation } from './group.js'

/** With one scored sample the deviation is 0 and so is the advantage. */
export const grpo: Estimator = (groups, { epsilon }) =>
  groups.map(group =>
    overScored(group, rewards => {
      const deviation = unbiasedDeviation(rewards)
      return centred(rewards).map(difference => difference / (deviation + epsilon))
    }),
  )
