/**
 * Draws one token a row from logits. A sampled token is the first whose cumulated probability exceeds a uniform number of
 * the row's own (inverse CDF, float32, on the device): what a row gets depends on no other row and on no generator's
 * state. Equal numbers and logits give equal tokens, and a token of probability 0 is never drawn.
 *
 * Shapes: B rows, V vocabulary.
 */
import { type Tensor, tf } from './tensorflow.js'

export interface Drawn {
  /** [B] int32 */
  ids: Tensor
  /** log pi(token) at temperature 1, [B]. */
  logProb: Tensor
  /** Entropy in nats of the distribution at temperature 1, [B]. */
  entropy: Tensor
  /** P(EOS) at temperature 1, summed over the end-of-sequence tokens, [B]; null where not asked for. */
  eosProbability: Tensor | null
}

export interface DrawOptions {
  /** [B, V] */
  logits: Tensor
  /** [B, 1] in [0, 1); null where every row takes its likeliest token. */
  uniforms: Tensor | null
  /** [B], true in the rows that are sampled; null where all are. */
  sampled: Tensor | null
  temperature: number
  /** [V], 1 at the end-of-sequence tokens; null where P(EOS) is not asked for. */
  eosTokens: Tensor | null
}

export function draw({ logits, uniforms, sampled, temperature, eosTokens }: DrawOptions): Drawn {
  const logs: Tensor = tf.logSoftmax(logits as never)
  const probabilities = logs.exp()
  const picked =
    uniforms === null
      ? null
      : inverseCdf(temperature === 1 ? probabilities : tf.softmax(logits.div(temperature)), uniforms)
  const ids =
    picked !== null && sampled === null
      ? picked
      : picked === null || sampled === null
        ? tf.argMax(logits, 1)
        : tf.where(sampled, picked, tf.argMax(logits, 1))
  const chosen: Tensor = tf.oneHot(ids as never, logits.shape[1] as number, 1, 0, 'float32')
  return {
    ids,
    logProb: logs.mul(chosen).sum(1),
    entropy: probabilities.mul(logs).sum(1).neg(),
    eosProbability: eosTokens === null ? null : probabilities.mul(eosTokens).sum(1),
  }
}

/** min { i : p_0 + ... + p_i > u sum(p) }, with the sum as it was rounded, so that the last token is never passed. */
function inverseCdf(probabilities: Tensor, uniforms: Tensor): Tensor {
  const vocabulary = probabilities.shape[1] as number
  const cumulated = tf.cumsum(probabilities, 1)
  const reached = uniforms.mul(cumulated.slice([0, vocabulary - 1], [-1, 1]))
  return tf.lessEqual(cumulated, reached).sum(1)
}
