/**
 * Attention of one new token in each slot to its prompt and to its response so far, over caches that are
 * written in place. Most of the cost of a decoding step is reading keys and values from memory. If slots share
 * a prompt, its part is read once for all of them.
 *
 * Shapes: r slots of a lane, q prompts of G slots each, r = q G, P columns of a prompt's part, S columns of the
 * response, H heads, K key/value heads, E head width.
 */

import { overwriteRows, select, smallProducts } from '../graph/kernels.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import type { LayerCache } from '../model/attention.js'

/** Of the caches; the same for all iterations of a call. */
export interface AttentionSizes {
  /** G if caches are [q, K, G, S, E] beside prompts [q, K, P, E]; 1 if they are [r, K, P + S, E]. */
  samples: number
  prefix: number
  columns: number
  keyValueHeads: number
  /** H / K */
  group: number
}

export interface AttentionLayout extends AttentionSizes {
  /** Row of each head's first response column in the caches, seen as [r K (S or P + S), E]: [r, K]. */
  starts: Tensor
  /** 0 for the prompt's columns, -1e9 for padding, [r, P]. */
  promptMask: Tensor
}

/** What one iteration writes and sees. */
export interface AttentionStep {
  /** Rows of the caches that the heads of the slots write, [r K]. */
  rows: Tensor
  /** Added to the scores. */
  mask: Tensor
}

/** `lengths` [r]: columns of each slot's prompt. */
export function attentionLayout(sizes: AttentionSizes, lengths: Tensor): AttentionLayout {
  const { samples, prefix, columns, keyValueHeads } = sizes
  const rows = lengths.shape[0] as number
  const counts = tf
    .range(0, prefix, 1, 'int32')
    .reshape([1, prefix])
    .less(lengths.reshape([rows, 1]))
  const numbered = tf.range(0, rows * keyValueHeads, 1, 'int32')
  const starts =
    samples === 1
      ? numbered.mul(tf.scalar(prefix + columns, 'int32')).add(tf.scalar(prefix, 'int32'))
      : numbered
          .mul(tf.scalar(columns, 'int32'))
          .reshape([rows / samples, keyValueHeads, samples])
          .transpose([0, 2, 1])
  return { ...sizes, starts: starts.reshape([rows, keyValueHeads]), promptMask: maskWhere(counts) }
}

/** For slots that write column `columnOfSlot` [r] of their response, counted from 0. */
export function attentionStep(layout: AttentionLayout, columnOfSlot: Tensor): AttentionStep {
  const { samples, prefix, columns, group, starts, promptMask } = layout
  const slots = columnOfSlot.shape[0] as number
  const column = columnOfSlot.reshape([slots, 1])
  const own = maskWhere(tf.range(0, columns, 1, 'int32').reshape([1, columns]).lessEqual(column))
  const mask = tf.concat([promptMask, own], 1)
  const rows = starts.add(column).reshape([-1])
  const all = prefix + columns
  if (samples === 1) return { rows, mask: mask.reshape([slots, 1, 1, all]) }
  const byHead = mask.reshape([slots, 1, all]).tile([1, group, 1])
  return { rows, mask: byHead.reshape([slots / samples, 1, samples * group, all]) }
}

const maskWhere = (visible: Tensor): Tensor => select(visible, tf.scalar(0), tf.scalar(-1e9))

/** Output of the heads [r, H E], for queries [r, H, E]. New keys and values [r, K, E] are written first. */
export function attendWriting({
  queries,
  fresh,
  cache,
  prompts,
  layout,
  step,
}: {
  queries: Tensor
  fresh: LayerCache
  /** As [r K (S or P + S), E]. */
  cache: LayerCache
  /** If slots share prompts, these as [q K, P, E]. */
  prompts: LayerCache | null
  layout: AttentionLayout
  step: AttentionStep
}): Tensor {
  const width = queries.shape[2] as number
  const written = (part: 'keys' | 'values') => overwriteRows(cache[part], step.rows, fresh[part].reshape([-1, width]))
  const after = { keys: written('keys'), values: written('values') }
  return prompts === null
    ? attendCopied(queries, after, layout, step.mask)
    : attendShared(queries, after, prompts, layout, step.mask)
}

function attendCopied(
  queries: Tensor,
  { keys, values }: LayerCache,
  { keyValueHeads, prefix, columns, group }: AttentionLayout,
  mask: Tensor,
): Tensor {
  const [rows, heads, width] = queries.shape as [number, number, number]
  const whole = [rows, keyValueHeads, prefix + columns, width]
  const asked = queries.reshape([rows, keyValueHeads, group, width])
  const scores = smallProducts(asked, keys.reshape(whole), { transposeB: true })
  const weights: Tensor = tf.softmax(scores.add(mask))
  return smallProducts(weights, values.reshape(whole)).reshape([rows, heads * width])
}

function attendShared(
  queries: Tensor,
  { keys, values }: LayerCache,
  prompts: LayerCache,
  { samples, keyValueHeads, prefix, columns, group }: AttentionLayout,
  mask: Tensor,
): Tensor {
  const [rows, heads, width] = queries.shape as [number, number, number]
  const count = rows / samples
  const slots = rows * keyValueHeads
  // Scores and weights are [q, K, G, H / K, columns]; products take them by prompt or by slot.
  const byPrompt = (x: Tensor, size: number) => x.reshape([count * keyValueHeads, samples * group, size])
  const bySlot = (x: Tensor, size: number) => x.reshape([slots, group, size])
  const own = (x: Tensor) => x.reshape([slots, columns, width])
  const asked = queries.reshape([count, samples, keyValueHeads, group * width]).transpose([0, 2, 1, 3])
  const toPrompt = smallProducts(byPrompt(asked, width), prompts.keys, { transposeB: true })
  const toOwn = smallProducts(bySlot(asked, width), own(keys), { transposeB: true })
  const scores = tf.concat([toPrompt, byPrompt(toOwn, columns)], 2)
  const masked = scores.reshape([count, keyValueHeads, samples * group, prefix + columns]).add(mask)
  const [ofPrompt, ofOwn] = tf.split(tf.softmax(masked) as Tensor, [prefix, columns], 3) as [Tensor, Tensor]
  const fromPrompt = smallProducts(byPrompt(ofPrompt, prefix), prompts.values)
  const fromOwn = smallProducts(bySlot(ofOwn, columns), own(values))
  return fromPrompt
    .add(byPrompt(fromOwn, width))
    .reshape([count, keyValueHeads, samples, group * width])
    .transpose([0, 2, 1, 3])
    .reshape([rows, heads * width])
}
