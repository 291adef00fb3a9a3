/**
 * Truncated importance weights (TIS): sampling and training compute the same policy by different programs, which
 * round differently. A token's gain is multiplied by
 *
 *   w_it = min(exp(log pi_it - log sampled_it), C)
 *
 * with pi the policy at the beginning of the step, as training computes it, and C update.importanceCap. There is no
 * gradient through w.
 */

export function importanceWeights(trained: readonly number[], sampled: readonly number[], cap: number): number[] {
  return trained.map((logProb, token) => Math.min(Math.exp(logProb - (sampled[token] ?? Number.NaN)), cap))
}
