/**
 * The clipped probability ratio of PPO, for several updates with one batch. A token's ratio is against the policy
 * that sampled it, at the temperature of the rollout.
 *
 *   rho_it = exp(log pi_it - log old_it)
 *   gain   = min(rho A, clip(rho, 1 - low, 1 + high) A), and at least c A where A < 0 (dual clip)
 *          = A min(max(rho, l), u)    with  A > 0: l = 0,       u = 1 + high
 *                                           A < 0: l = 1 - low, u = c
 *
 * A token whose ratio is outside [l, u] has no gradient. PPO's first paper has one epsilon for both bounds and no c.
 *
 * Shapes: N rows, T tokens.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { type Tensor, tf } from '../graph/tensorflow.js'

export type Clip = Pick<NonNullable<ExperimentConfig['update']['ppo']>, 'clipLow' | 'clipHigh' | 'dualClip'>

/** l and u of a response. An advantage of 0 has no gain to clip. */
export function boundsOf(advantage: number, { clipLow, clipHigh, dualClip }: Clip): { lower: number; upper: number } {
  if (advantage > 0) return { lower: 0, upper: 1 + clipHigh }
  const unbounded = Number.POSITIVE_INFINITY
  return advantage < 0 ? { lower: 1 - clipLow, upper: dualClip ?? unbounded } : { lower: 0, upper: unbounded }
}

interface Ratio {
  /** log rho, rho and min(max(rho, l), u) [N, T]. */
  log: Tensor
  ratio: Tensor
  clipped: Tensor
}

export function clippedRatio({
  logProbs,
  old,
  lower,
  upper,
}: {
  /** [N, T] */
  logProbs: Tensor
  /** [N, T] */
  old: Tensor
  /** l and u [N, 1]. */
  lower: Tensor
  upper: Tensor
}): Ratio {
  const log = logProbs.sub(old)
  const ratio = log.exp()
  return { log, ratio, clipped: tf.minimum(tf.maximum(ratio, lower), upper) }
}

/**
 * Sums over the tokens of each response, [N, 1]: tokens that are clipped, and rho - 1 - log rho, whose mean over
 * tokens of the old policy is its divergence from the new one (k3).
 */
export function ratioMeasures({ log, ratio, clipped }: Ratio, mask: Tensor): Tensor[] {
  const outside = tf.notEqual(ratio, clipped).toFloat()
  const divergence = tf.expm1(log).sub(log)
  return [outside, divergence].map(tokens => tokens.mul(mask).sum(1, true))
}
