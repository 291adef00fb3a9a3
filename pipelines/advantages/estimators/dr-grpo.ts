/**
 * Dr. GRPO. Divides by: nothing. The value is passed on, as with RLOO except for the factor (n - 1) / n.
 * A_i = r_i - mean of the group (Liu et al. 2025).
 */
import { centred, type Estimator, overScored } from './group.js'

/** With one scored sample: 0. */
export const drGrpo: Estimator = groups => groups.map(group => overScored(group, centred))
