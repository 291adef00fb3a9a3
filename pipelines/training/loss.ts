/**
 * The policy-gradient loss of a micro-batch. Without options it is on-policy: each sample is used for one update,
 * as in the paper, so there is no probability ratio and no clipping.
 *
 *   L = sum_i (f_i / d_i) sum_t ( -G_it + beta k(log pi_it, log ref_it) - c H_it )
 *
 * G_it the gain: A_i log pi_it, or with several updates a batch A_i min(max(rho_it, l_i), u_i) (ratio.ts), both
 * times the importance weight w_it if there is one (importance.ts). A_i advantage; f_i the scale if value.site is
 * loss, else 1; beta the coefficient of the KL if kl.place is loss, else 0; c update.entropyCoefficient, H_it the
 * entropy of the distribution that token t was drawn from. d_i the divisor of the aggregation: sequence-sum n,
 * sequence-mean n * length_i, token-mean the sum of all lengths. n counts all responses of the batch, so that the
 * losses of its micro-batches add up.
 *
 * Shapes: N rows of the micro-batch, T tokens of a response.
 */
import type { StepRecord } from '../advantages/records.js'
import type { ExperimentConfig } from '../config/schema.js'
import type { Loss } from '../engine/learning.js'
import type { Sequence } from '../engine/response-batch.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import { boundsOf, type Clip, clippedRatio, ratioMeasures } from './ratio.js'

/** A response with what the loss needs. */
export interface LossRow extends Sequence {
  advantage: number
  /** f_i / d_i. */
  weight: number
  /** log pi of each token, as sampled. */
  logProbs: readonly number[]
  /** log pi of each token under the reference policy. Only used if the loss has a KL term. */
  referenceLogProbs?: readonly number[]
  /** log pi of each token that the ratio is against. Only used if the gain is clipped; left out, as sampled. */
  oldLogProbs?: readonly number[]
  /** w_it. Only used if the loss has importance weights. */
  importance?: readonly number[]
}

/** f_i / d_i of every response of the batch; 0 of a masked one, which the divisors count. */
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
  return records.map(({ scale, length, masked }) =>
    masked ? 0 : (config.value.site === 'loss' ? scale : 1) / divisor(length),
  )
}

/** The KL divergence as a term of the loss. A coefficient that varies is an input, so that steps share a program. */
export type LossKl = Pick<ExperimentConfig['kl'], 'estimator' | 'coefficient'> & { varies?: boolean }

export interface LossTerms {
  kl?: LossKl | null
  /** The gain is a clipped ratio. */
  clip?: Clip | null
  /** The gain is multiplied by importance weights. */
  importance?: boolean
  /** c */
  entropyCoefficient?: number
}

/** A loss with the readers of its inputs, in their order. */
export interface RowLoss extends Loss {
  read: readonly ((row: LossRow) => number | readonly number[])[]
}

/** L. */
export function policyGradientLoss({
  kl = null,
  clip = null,
  importance = false,
  entropyCoefficient = 0,
}: LossTerms = {}): RowLoss {
  const inputs: ['row' | 'token', (row: LossRow) => number | readonly number[]][] = []
  /** Adds an input. Gives what finds it among the tensors of all. */
  const input = (kind: 'row' | 'token', read: (row: LossRow) => number | readonly number[]) => {
    const at = inputs.push([kind, read]) - 1
    return (tensors: readonly Tensor[]) => tensors[at] as Tensor
  }
  const advantages = input('row', row => row.advantage)
  const weights = input('row', row => row.weight)
  const reference = kl === null ? null : input('token', row => row.referenceLogProbs ?? [])
  const coefficient = kl?.varies === true ? input('row', () => kl.coefficient) : null
  const ratio =
    clip === null
      ? null
      : {
          old: input('token', row => row.oldLogProbs ?? row.logProbs),
          lower: input('row', row => boundsOf(row.advantage, clip).lower),
          upper: input('row', row => boundsOf(row.advantage, clip).upper),
        }
  const importanceWeights = importance ? input('token', row => row.importance ?? []) : null
  const ratioOf = (logProbs: Tensor, tensors: readonly Tensor[]) =>
    ratio === null
      ? null
      : clippedRatio({ logProbs, old: ratio.old(tensors), lower: ratio.lower(tensors), upper: ratio.upper(tensors) })
  return {
    name: `policy gradient ${JSON.stringify([coefficient === null ? kl : kl?.estimator, clip !== null, importance, entropyCoefficient])}`,
    inputs: inputs.map(([kind]) => kind),
    read: inputs.map(([, read]) => read),
    entropy: entropyCoefficient > 0,
    of(logProbs, mask, tensors, entropy) {
      const factor = ratioOf(logProbs, tensors)?.clipped ?? logProbs
      const weighted = importanceWeights === null ? factor : factor.mul(importanceWeights(tensors))
      const loss = weighted.mul(advantages(tensors)).neg()
      const restrained =
        kl === null || reference === null
          ? loss
          : loss.add(
              klOfTokens(logProbs.sub(reference(tensors)).mul(mask), kl.estimator).mul(
                coefficient?.(tensors) ?? kl.coefficient,
              ),
            )
      const terms = entropy === undefined ? restrained : restrained.sub(entropy.mul(entropyCoefficient))
      return terms.mul(mask).mul(weights(tensors)).sum()
    },
    measures(logProbs, mask, tensors) {
      const found = ratioOf(logProbs, tensors)
      return found === null ? [] : ratioMeasures(found, mask)
    },
  }
}

/**
 * [N, T]: the formulas of advantages/kl.ts on tensors. k1 is 0 at padding: what stands there can be a token that is
 * never drawn, whose k3 is infinite.
 */
function klOfTokens(k1: Tensor, estimator: 'k1' | 'k2' | 'k3'): Tensor {
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
