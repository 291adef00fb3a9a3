/**
 * Log-probabilities of given responses, teacher-forced: one forward pass over prompt and response, prompts padded on the
 * left and responses on the right. A pure function of the weights, so that it can be differentiated.
 *
 * Shapes: B rows, R tokens of the longest response, V vocabulary.
 */
import type { Architecture } from './architecture.js'
import { paddedLength, placesOfColumns } from './batch.js'
import { type Decoder, hiddenStates, logitsOf, type Places } from './decoder.js'
import { type Tensor, tf } from './tensorflow.js'

export interface Sequence {
  promptTokens: readonly number[]
  /** Response tokens, at least one. */
  tokens: readonly number[]
}

export interface SequenceBatch {
  /** [B, P + R - 1]: the last response token predicts nothing. */
  ids: Tensor
  places: Places
  /** One-hot response tokens, [B, R, V]. */
  targets: Tensor
  /** 1 on response tokens, 0 after their end, [B, R]. */
  mask: Tensor
  promptLength: number
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
  const promptLength = paddedLength(Math.max(...sequences.map(({ promptTokens }) => promptTokens.length)))
  const responseLength = Math.max(1, ...sequences.map(({ tokens }) => tokens.length))
  const columns = promptLength + responseLength - 1
  const ids = new Int32Array(rows * columns).fill(padId)
  const targets = new Int32Array(rows * responseLength).fill(padId)
  const mask = new Float32Array(rows * responseLength)
  sequences.forEach(({ promptTokens, tokens }, row) => {
    ids.set(promptTokens, row * columns + promptLength - promptTokens.length)
    ids.set(tokens.slice(0, responseLength - 1), row * columns + promptLength)
    targets.set(tokens, row * responseLength)
    mask.fill(1, row * responseLength, row * responseLength + tokens.length)
  })
  return {
    ids: tf.tensor2d(ids, [rows, columns], 'int32'),
    places: placesOfColumns({
      architecture,
      padding: sequences.map(({ promptTokens }) => promptLength - promptTokens.length),
      from: 0,
      to: columns,
    }),
    targets: tf.oneHot(tf.tensor2d(targets, [rows, responseLength], 'int32'), architecture.vocabulary).cast('float32'),
    mask: tf.tensor2d(mask, [rows, responseLength]),
    promptLength,
  }
}

/** log pi of every response token, [B, R], and the entropy of the distribution it was drawn from, [B, R]; 0 after the end. */
export function logProbabilities(decoder: Decoder, batch: SequenceBatch): { logProbs: Tensor; entropy: Tensor } {
  const { ids, places, targets, mask, promptLength } = batch
  const [rows, columns] = ids.shape as [number, number]
  const [, responseLength, vocabulary] = targets.shape as [number, number, number]
  const { hidden } = hiddenStates({ decoder, ids, places })
  // The column before a token predicts it.
  const predicting = hidden
    .reshape([rows, columns, -1])
    .slice([0, promptLength - 1, 0], [-1, responseLength, -1])
    .reshape([rows * responseLength, -1])
  const logs = (tf.logSoftmax(logitsOf(decoder, predicting) as never) as Tensor).reshape([
    rows,
    responseLength,
    vocabulary,
  ])
  return { logProbs: logs.mul(targets).sum(2).mul(mask), entropy: logs.exp().mul(logs).sum(2).neg().mul(mask) }
}

export function disposeBatch(batch: SequenceBatch): void {
  tf.dispose([batch.ids, batch.targets, batch.mask, ...Object.values(batch.places)])
}
