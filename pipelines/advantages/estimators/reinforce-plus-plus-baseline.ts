/**
 * REINFORCE++ with a group baseline. Divides by: the standard deviation of the centred rewards of the batch, over tokens. Of the
 * value it keeps the relative scale between prompts; a uniform scale cancels.
 * A_i = whitened over tokens (r_i - mean of the group), mean and biased variance over all tokens of the batch (Hu et al. 2025).
 */
import { centred, type Estimator, overScored } from './group.js'
import { tokenWhitened } from './whiten.js'

/**
 * The whitening subtracts the token mean, so if lengths differ, a group with equal rewards (or with one sample) gets a small common
 * advantage instead of 0.
 */
export const reinforcePlusPlusBaseline: Estimator = groups =>
  tokenWhitened(
    groups,
    groups.map(group => overScored(group, centred)),
  )
