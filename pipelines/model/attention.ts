/**
 * Attention of response tokens to their prompt and to earlier tokens of their row. All samples of a prompt
 * share its keys and values, so one product serves them all; the softmax is over both parts. Without a shared
 * part and with one sample this is plain causal attention, which reads the prompt itself.
 *
 * Shapes: B prompts, G samples of each, T tokens of a row, P columns of the prompt, H heads, K key/value heads,
 * E head width.
 */
import { select } from '../graph/kernels.js'
import { type Tensor, tf } from '../graph/tensorflow.js'

export interface RowShape {
  /** B */
  prompts: number
  /** G */
  samples: number
  /** T */
  tokens: number
}

/** Rotated keys and values of a layer, each [B, K, P, E]. */
export interface LayerCache {
  keys: Tensor
  values: Tensor
}

/** Finite, so that a row of padding, which sees nothing, gives no NaN. */
const hidden = -1e9

/**
 * 0 for visible columns, else -1e9: [B, 1, T, P + T], or without a prompt [1, 1, T, T]. `lengths` [B] are the
 * prompts' lengths in columns.
 */
export function attentionMask({
  prompts,
  tokens,
  prefix,
}: {
  prompts: number
  tokens: number
  prefix: { columns: number; lengths: Tensor } | null
}): Tensor {
  const before = new Float32Array(tokens * tokens)
  for (let query = 0; query < tokens; query++) before.fill(hidden, query * tokens + query + 1, (query + 1) * tokens)
  const own = tf.tensor4d(before, [1, 1, tokens, tokens])
  if (prefix === null) return own
  const { columns, lengths } = prefix
  const counts = tf
    .range(0, columns, 1, 'int32')
    .reshape([1, columns])
    .less(lengths.reshape([prompts, 1]))
  const shared = select(counts, tf.scalar(0), tf.scalar(hidden)).reshape([prompts, 1, 1, columns])
  return tf.concat([shared.tile([1, 1, tokens, 1]), own.tile([prompts, 1, 1, 1])], 3)
}

/** Output of the heads [B G T, H E], for queries [B G T, H, E] and keys and values [B G T, K, E]. */
export function attend({
  queries,
  keys,
  values,
  prefix,
  mask,
  shape: { prompts, samples, tokens },
}: {
  queries: Tensor
  keys: Tensor
  values: Tensor
  prefix: LayerCache | null
  mask: Tensor
  shape: RowShape
}): Tensor {
  const [, heads, width] = queries.shape as [number, number, number]
  const shared = keys.shape[1] as number
  const group = heads / shared
  const rows = prompts * shared
  // [B, K, G, H / K, T, E]: the samples of a prompt, and the heads of a group, side by side.
  const asked = queries.reshape([prompts, samples, tokens, shared, group, width]).transpose([0, 3, 1, 4, 2, 5])
  const own = (x: Tensor) =>
    x
      .reshape([prompts, samples, tokens, shared, width])
      .transpose([0, 3, 1, 2, 4])
      .reshape([rows * samples, tokens, width])
  const many = samples * group
  const ownScores = product(asked.reshape([rows * samples, group * tokens, width]), own(keys), true)
  const byRow = (x: Tensor, columns: number) => x.reshape([prompts, shared * many, tokens, columns])
  let mixed: Tensor
  if (prefix === null) {
    const weights = tf.softmax(byRow(ownScores, tokens).add(mask))
    mixed = product(weights.reshape([rows * samples, group * tokens, tokens]), own(values))
  } else {
    const columns = prefix.keys.shape[2] as number
    const prompt = (x: Tensor) => x.reshape([rows, columns, width])
    const sharedScores = product(asked.reshape([rows, many * tokens, width]), prompt(prefix.keys), true)
    const scores = tf.concat([byRow(sharedScores, columns), byRow(ownScores, tokens)], 3)
    const [toPrompt, toOwn] = tf.split(tf.softmax(scores.add(mask)), [columns, tokens], 3) as [Tensor, Tensor]
    const fromPrompt = product(toPrompt.reshape([rows, many * tokens, columns]), prompt(prefix.values))
    const fromOwn = product(toOwn.reshape([rows * samples, group * tokens, tokens]), own(values))
    mixed = fromPrompt.reshape([rows * samples, group * tokens, width]).add(fromOwn)
  }
  return mixed
    .reshape([prompts, shared, samples, group, tokens, width])
    .transpose([0, 2, 4, 1, 3, 5])
    .reshape([prompts * samples * tokens, heads * width])
}

const product = (a: Tensor, b: Tensor, transposeB = false): Tensor =>
  tf.matMul(a as never, b as never, false, transposeB)
