/**
 * Passes of the decoder over whole rows: over prompts, for their keys and values, and over responses, given those. A response
 * starts with the last token of its prompt, which predicts its first one; the prompt's part is what lies before.
 *
 * Shapes: B prompts, G samples of each, N = B G rows, P columns of a prompt's part, T tokens of a response, D width, E head width.
 */
import { attend, attentionMask, type LayerCache, type RowShape } from './attention.js'
import { type Angles, afterAttention, type Decoder, queriesKeysValues } from './decoder.js'
import { rowsOf } from './kernels.js'
import { type AngleTable, angleTable, halfTurn } from './rotary-angles.js'
import { type Tensor, tf } from './tensorflow.js'

/** Prompts lie on the left of their columns, padding on the right of them; nobody looks at it. */
export interface PromptBatch {
  /** [B, P] int32 */
  ids: Tensor
  /** Columns that count, 0 .. P, [B] int32. */
  lengths: Tensor
}

/** Keys and values of prompts in every layer, each [B, K, P, E]. */
export function readPrompts(decoder: Decoder, ids: Tensor): LayerCache[] {
  const [prompts, columns] = ids.shape as [number, number]
  const { keyValueHeads, headWidth } = decoder.architecture
  const shape: RowShape = { prompts, samples: 1, tokens: columns }
  const positions = tf.range(0, columns, 1, 'int32').tile([prompts])
  const angles = anglesAt(angleTable(decoder.architecture, columns), positions, decoder)
  const mask = attentionMask({ prompts, tokens: columns, prefix: null })
  const caches: LayerCache[] = []
  let x = rowsOf(decoder.embedding, ids.reshape([prompts * columns]))
  for (const [index, layer] of decoder.layers.entries()) {
    const { queries, keys, values } = queriesKeysValues(decoder, layer, x, angles)
    const byHead = (part: Tensor) =>
      part.reshape([prompts, columns, keyValueHeads, headWidth]).transpose([0, 2, 1, 3]) as Tensor
    caches.push({ keys: byHead(keys), values: byHead(values) })
    // Behind the last layer's keys and values nobody looks at a prompt.
    if (index === decoder.layers.length - 1) break
    const seen = attend({ queries, keys, values, prefix: null, mask, shape })
    x = afterAttention(decoder, layer, x, seen)
  }
  return caches
}

/** Hidden states [N T, D] of responses, before the last norm. `ids` [N, T] int32: the prompt's last token, then the response's but for its last. */
export function readResponses({
  decoder,
  prompts: { lengths },
  caches,
  ids,
}: {
  decoder: Decoder
  prompts: PromptBatch
  caches: readonly LayerCache[]
  ids: Tensor
}): Tensor {
  const prompts = lengths.shape[0] as number
  const [rows, tokens] = ids.shape as [number, number]
  const samples = rows / prompts
  const columns = caches[0]?.keys.shape[2] as number
  const positions = lengths
    .reshape([prompts, 1, 1])
    .add(tf.range(0, tokens, 1, 'int32').reshape([1, 1, tokens]))
    .tile([1, samples, 1])
    .reshape([rows * tokens])
  const angles = anglesAt(angleTable(decoder.architecture, columns + tokens), positions, decoder)
  const mask = attentionMask({ prompts, tokens, prefix: { columns, lengths } })
  let x = rowsOf(decoder.embedding, ids.reshape([rows * tokens]))
  for (const [index, layer] of decoder.layers.entries()) {
    const parts = queriesKeysValues(decoder, layer, x, angles)
    const seen = attend({ ...parts, prefix: caches[index] ?? null, mask, shape: { prompts, samples, tokens } })
    x = afterAttention(decoder, layer, x, seen)
  }
  return x
}

/** Angles of tokens at positions [N]. */
export function anglesAt(table: AngleTable, positions: Tensor, { architecture }: Decoder): Angles {
  const at = (values: Tensor) => rowsOf(values, positions).reshape([-1, 1, architecture.headWidth]) as Tensor
  return { cosine: at(table.cosine), sine: at(table.sine), rotation: halfTurn(architecture) }
}
