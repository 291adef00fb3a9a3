/**
 * Tokens that end a response or stand for nothing. The latter are no part of the policy's distribution: padding is neither drawn nor counted, in sampling,
 * log-probabilities and entropy alike, so that what is sampled is what is differentiated.
 */
import { type Tensor, tf } from '../graph/tensorflow.js'
import type { PolicyTokenizer } from './tokenizer.js'

/** Finite, so that probability times log-probability is 0 and not NaN. */
const never = -1e9

/** [V] to add to logits; null where padding is an end-of-sequence token, which must be drawn. */
export function neverDrawn(
  { padId, eosIds }: Pick<PolicyTokenizer, 'padId' | 'eosIds'>,
  vocabulary: number,
): Tensor | null {
  if (eosIds.includes(padId)) return null
  const values = new Float32Array(vocabulary)
  values[padId] = never
  return tf.tensor1d(values)
}

/** 1 for the tokens that end a response, [V]. */
export function endingTokens({ eosIds }: Pick<PolicyTokenizer, 'eosIds'>, vocabulary: number): Tensor {
  const values = new Float32Array(vocabulary)
  for (const id of eosIds) values[id] = 1
  return tf.tensor1d(values)
}
