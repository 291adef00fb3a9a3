/**
 * Log-probabilities of given responses, teacher-forced: one forward pass over prompt and response, prompts padded on the
 * left and responses on the right. A pure function of the weights, so that it can be differentiated.
 *
 * Shapes: B rows, P prompt columns, R tokens of the longest response, V vocabulary.
 */
import type { Architecture } from './architecture.js'
import { type Decoder, hiddenStates, logitsOf } from './decoder.js'
import { disposePlaces, idsOf, type Places, paddedLength, paddingOf, placesOf } from './places.js'
import { type Tensor, tf } from './tensorflow.js'

export interface Sequence {
  promptTokens: readonly number[]
  /** Response tokens, at least one. */
  tokens: readonly number[]
}

export interface SequenceBatch {
  /** [B (P + R - 1)]: the last response token predicts nothing. */
  ids: Tensor
  places: Places
  /** One-hot response tokens, all 0 after their end, [B R, V]. */
  targets: Tensor
  /** 1 on response tokens, 0 after their end, [B, R]. */
  mask: Tensor
}

export function sequenceBatch({
  sequences,
  padId,
  architecture,
}: {
  sequences: readonly Sequence[]
  padId: number
  architecture: Architecture
}): SequenceBatch {
  const rows = sequences.length
  const prompts = sequences.map(({ promptTokens }) => promptTokens)
  const promptLength = paddedLength(prompts)
  const padding = paddingOf(prompts, promptLength)
  const responseLength = sequences.reduce((most, { tokens }) => Math.max(most, tokens.length), 1)
  const columns = promptLength + responseLength - 1
  // -1 has no place in a one-hot: log-probabilities after the end are 0, harmless whatever is made of them before the mask.
  const targets = new Int32Array(rows * responseLength).fill(-1)
  const mask = new Float32Array(rows * responseLength)
  for (const [row, { tokens }] of sequences.entries()) {
    targets.set(tokens, row * responseLength)
    mask.fill(1, row * responseLength, row * responseLength + tokens.length)
  }
  return {
    ids: idsOf({ prompts, padding, columns, padId, responses: sequences.map(({ tokens }) => tokens) }),
    places: placesOf(architecture, padding, columns),
    targets: tf.oneHot(tf.tensor1d(targets, 'int32'), architecture.vocabulary).cast('float32'),
    mask: tf.tensor2d(mask, [rows, responseLength]),
  }
}

/**
 * log pi of every response token, [B, R]; 0 after the end. `bias` [V], if any, is added to the logits: it takes tokens that
 * are never drawn out of the distribution.
 */
export function logProbabilities(
  decoder: Decoder,
  { ids, places, targets, mask }: SequenceBatch,
  bias: Tensor | null = null,
): Tensor {
  const [rows, responseLength] = mask.shape as [number, number]
  // The column before a token predicts it: the last R of the P + R - 1 columns.
  const { hidden } = hiddenStates({ decoder, ids, places, last: responseLength })
  const all: Tensor = tf.logSoftmax(logitsOf(decoder, hidden, bias) as never)
  return all.mul(targets).sum(1).reshape([rows, responseLength])
}

export function disposeBatch({ ids, places, targets, mask }: SequenceBatch): void {
  tf.dispose([ids, targets, mask])
  disposePlaces(places)
}
