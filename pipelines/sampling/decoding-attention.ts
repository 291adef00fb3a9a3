/**
 * Attention of one new token a slot to its prompt and to what the slot has said, over caches that are written in place. A product
 * for one slot reads its keys and values at the speed of memory, which is most of what a step of decoding costs; where slots
 * share a prompt, its part is read once for all of them.
 *
 * Shapes: r slots of a lane, q prompts of G slots each, r = q G, P columns of a prompt's part, S of what was said, H heads, K
 * key/value heads, E head width.
 */

import { overwriteRows, select, smallProducts } from '../graph/kernels.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import type { LayerCache } from '../model/attention.js'

/** What lies where, for all turns of a call. */
export interface AttentionPlace {
  /** G where caches are [q, K, G, S, E] beside prompts [q, K, P, E]; 1 where they are [r, K, P + S, E]. */
  samples: number
  prefix: number
  columns: number
  keyValueHeads: number
  /** H / K */
  group: number
  /** Row of the caches, seen as [r K (S or P + S), E], of each head's first own column, [r, K]. */
  starts: Tensor
  /** 0 for columns of the prompt's part that count, elsewhere -1e9, [r, P]. */
  promptMask: Tensor
}

/** One turn's. */
export interface AttentionTurn {
  /** Rows of the caches that each head of each slot writes, [r K]. */
  places: Tensor
  /** Added to the scores. */
  mask: Tensor
}

/** `lengths` [r]: columns of the prompt's part that count. */
export function attentionPlace(
  sizes: Pick<AttentionPlace, 'samples' | 'prefix' | 'columns' | 'keyValueHeads' | 'group'>,
  lengths: Tensor,
): AttentionPlace {
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

/** For slots that write into columns `said` [r] of their own part, counted from 0. */
export function attentionTurn(place: AttentionPlace, said: Tensor): AttentionTurn {
  const { samples, prefix, columns, group, starts, promptMask } = place
  const rows = said.shape[0] as number
  const column = said.reshape([rows, 1])
  const own = maskWhere(tf.range(0, columns, 1, 'int32').reshape([1, columns]).lessEqual(column))
  const mask = tf.concat([promptMask, own], 1)
  const places = starts.add(column).reshape([-1])
  const all = prefix + columns
  if (samples === 1) return { places, mask: mask.reshape([rows, 1, 1, all]) }
  const byHead = mask.reshape([rows, 1, all]).tile([1, group, 1])
  return { places, mask: byHead.reshape([rows / samples, 1, samples * group, all]) }
}

const maskWhere = (visible: Tensor): Tensor => select(visible, tf.scalar(0), tf.scalar(-1e9))

/** What the heads see, [r, H E], for queries [r, H, E]; fresh keys and values [r, K, E] are written first. */
export function attendWriting({
  queries,
  fresh,
  cache,
  prompts,
  place,
  turn,
}: {
  queries: Tensor
  fresh: LayerCache
  /** Seen as [r K (S or P + S), E]. */
  cache: LayerCache
  /** Where slots share them, seen as [q K, P, E]. */
  prompts: LayerCache | null
  place: AttentionPlace
  turn: AttentionTurn
}): Tensor {
  const width = queries.shape[2] as number
  const written = (part: 'keys' | 'values') => overwriteRows(cache[part], turn.places, fresh[part].reshape([-1, width]))
  const after = { keys: written('keys'), values: written('values') }
  return prompts === null
    ? attendCopied(queries, after, place, turn.mask)
    : attendShared(queries, after, prompts, place, turn.mask)
}

function attendCopied(
  queries: Tensor,
  { keys, values }: LayerCache,
  { keyValueHeads, prefix, columns, group }: AttentionPlace,
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
  { samples, keyValueHeads, prefix, columns, group }: AttentionPlace,
  mask: Tensor,
): Tensor {
  const [rows, heads, width] = queries.shape as [number, number, number]
  const count = rows / samples
  const slots = rows * keyValueHeads
  // Scores and weights lie as [q, K, G, H / K, columns]: a product sees them by prompt, or by slot.
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
