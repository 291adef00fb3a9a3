/**
 * The tokens that end a response, and padding. Padding is not part of the policy's distribution: sampling,
 * log-probabilities and entropy all leave it out, so that the sampled distribution is the differentiated one.
 */
import { type Tensor, tf } from '../graph/tensorflow.js'
import type { PolicyTokenizer } from './tokenizer.js'

/** Finite, so that probability times log-probability is 0 and not NaN. */
const excluded = -1e9

/** [V] to add to the logits; null if padding is also an end-of-sequence token, which must be drawn. */
export function paddingBias(
  { padId, eosIds }: Pick<PolicyTokenizer, 'padId' | 'eosIds'>,
  vocabulary: number,
): Tensor | null {
  if (eosIds.includes(padId)) return null
  const values = new Float32Array(vocabulary)
  values[padId] = excluded
  return tf.tensor1d(values)
}

/** 1 for the tokens that end a response, [V]. */
export function endingTokens({ eosIds }: Pick<PolicyTokenizer, 'eosIds'>, vocabulary: number): Tensor {
  const values = new Float32Array(vocabulary)
  for (const id of eosIds) values[id] = 1
  return tf.tensor1d(values)
}
