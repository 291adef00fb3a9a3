/**
 * MaxRL. Divides by: the group's own mean reward. The value is cancelled: a per-prompt scale cancels exactly.
 * A_i = (r_i - mean) / mean, and 0 if the mean is at most epsilon: no sample was correct, or a penalty cancels the reward. The formula is
 * for rewards of 0 and s. With parts of credit it is no longer the gradient of a likelihood; with negative rewards the mean may be near 0
 * or below, so the config refuses these.
 */
import { centred, type Estimator, overScored } from './group.js'

/** With one scored sample: 0. */
export const maxRl: Estimator = (groups, { epsilon }) =>
  groups.map(group =>
    overScored(group, rewards => {
      const differences = centred(rewards)
      const mean = (rewards[0] ?? 0) - (differences[0] ?? 0)
      return differences.map(difference => (mean > epsilon ? difference / mean : 0))
    }),
  )
