/**
 * The policy-gradient loss of a micro-batch. It is on-policy: each sample is used for one update, as in the
 * paper, so there is no probability ratio and no clipping.
 *
 *   L = sum_i (f_i / d_i) sum_t ( -A_i log pi_it + beta k(log pi_it, log ref_it) )
 *
 * A_i advantage; f_i the scale if value.site is loss, else 1; beta the coefficient of the KL if kl.place is
 * loss, else 0; d_i the divisor of the aggregation: sequence-sum n, sequence-mean n * length_i, token-mean the
 * sum of all lengths. n counts all responses of the batch, so that the losses of its micro-batches add up.
 *
 * Shapes: N rows of the micro-batch, T tokens of a response.
 */
import type { StepRecord } from '../advantages/records.js'
import type { ExperimentConfig } from '../config/schema.js'
import type { Loss } from '../engine/learning.js'
import { type Tensor, tf } from '../graph/tensorflow.js'

/** f_i / d_i of every response of the batch. */
export function responseWeights(records: readonly StepRecord[], config: ExperimentConfig): number[] {
  const tokens = records.reduce((sum, { length }) => sum + length, 0)
  const divisor = (length: number): number => {
    switch (config.update.aggregation) {
      case 'sequence-sum':
        return records.length
      case 'sequence-mean':
        return records.length * length
      case 'token-mean':
        return tokens
      default:
        return config.update.aggregation satisfies never
    }
  }
  return records.map(({ scale, length }) => (config.value.site === 'loss' ? scale : 1) / divisor(length))
}

/** The KL divergence as a term of the loss. */
export type LossKl = Pick<ExperimentConfig['kl'], 'estimator' | 'coefficient'>

/** L. Its inputs: A_i [N, 1]; f_i / d_i [N, 1]; with a KL, the reference's log-probabilities [N, T]. */
export function policyGradientLoss(kl: LossKl | null): Loss {
  return {
    name: `policy gradient ${JSON.stringify(kl)}`,
    inputs: kl === null ? ['row', 'row'] : ['row', 'row', 'token'],
    of: (logProbs, mask, inputs) => {
      const [advantages, weights, reference] = inputs as [Tensor, Tensor, Tensor?]
      const gain = logProbs.mul(advantages).neg()
      const terms =
        kl === null || reference === undefined
          ? gain
          : gain.add(klOfTokens(logProbs, reference, kl.estimator).mul(kl.coefficient))
      return terms.mul(mask).mul(weights).sum()
    },
  }
}

/** [N, T]: the formulas of advantages/kl.ts on tensors. */
function klOfTokens(logProbs: Tensor, reference: Tensor, estimator: 'k1' | 'k2' | 'k3'): Tensor {
  const k1 = logProbs.sub(reference)
  switch (estimator) {
    case 'k1':
      return k1
    case 'k2':
      return k1.square().mul(0.5)
    case 'k3':
      return tf.expm1(k1.neg()).add(k1)
    default:
      return estimator satisfies never
  }
}
