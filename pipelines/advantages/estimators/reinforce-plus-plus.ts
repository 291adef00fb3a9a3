/**
 * REINFORCE++. Divides by: the standard deviation of the batch, over tokens. Of the value it keeps the relative scale between
 * correct answers; a uniform scale cancels. The baseline is the batch's, so a wrong answer to a valued prompt costs the same as
 * any other wrong answer, unless wrong answers cost points.
 * A_i = (r_i - mean) / sqrt(max(var, 1e-8)), mean and biased variance over all tokens of the batch (Hu et al. 2025).
 */
import type { Estimator } from './group.js'
import { tokenWhitened } from './whiten.js'

/** Needs no second sample of a prompt. */
export const reinforcePlusPlus: Estimator = groups =>
  tokenWhitened(
    groups,
    groups.map(group => group.map(sample => sample.reward)),
  )
