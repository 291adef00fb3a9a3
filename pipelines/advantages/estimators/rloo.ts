/**
 * RLOO. Divides by: nothing. The value is passed on: a per-prompt scale s multiplies the group's advantages by s,
 * and a uniform one every advantage.
 * A_i = r_i - mean of the other scored samples of the prompt = (r_i - mean) n / (n - 1) (Ahmadian et al. 2024).
 */
import { centred, type Estimator, overScored } from './group.js'

/** With one scored sample there is nothing to compare with: 0. */
export const rloo: Estimator = groups =>
  groups.map(group =>
    overScored(group, rewards => {
      const n = rewards.length
      return centred(rewards).map(difference => (n < 2 ? 0 : (difference * n) / (n - 1)))
    }),
  )
