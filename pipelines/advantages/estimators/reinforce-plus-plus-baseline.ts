/**
 * REINFORCE++ with a group baseline. Divides by: the standard deviation of the centred rewards of the batch, over tokens. Of the
 * value survives: the relative scale between prompts; a uniform scale cancels.
 * A_i = whitened over tokens (r_i - mean of the group), mean and biased variance over all tokens of the batch (Hu et al. 2025).
 */
import { centred, type Estimator, overScored } from './group.js'
import { tokenWhitened } from './whiten.js'

/**
 * The whitening takes off the token mean, so a group without a difference (or with one sample) gets a small common advantage
 * rather than 0 where lengths differ.
 */
export const reinforcePlusPlusBaseline: Estimator = groups =>
  tokenWhitened(
    groups,
    groups.map(group => overScored(group, centred)),
  )
