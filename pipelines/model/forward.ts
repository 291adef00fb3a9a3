/**
 * Passes of the decoder over whole rows: over prompts, for their keys and values, and over responses, given
 * those. A response's row starts with the last token of the prompt, which predicts the first token of the
 * response. The prompt's part is everything before.
 *
 * Shapes: B prompts, G samples of each, N = B G rows, P columns of a prompt's part, T tokens of a response, D
 * width, E head width.
 */

import { rowsOf } from '../graph/kernels.js'
import { recomputed } from '../graph/recomputed.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import { attend, attentionMask, type LayerCache, type RowShape } from './attention.js'
import { afterAttention, type Decoder, type Layer, queriesKeysValues, type Turn, takenApart } from './decoder.js'
import { type Angles, anglesAt, angleTable, turned } from './rotary-angles.js'

/**
 * Keys and values of prompts in every layer, each [B, K, P, E]. With `checkpointing` layers are computed again
 * in the backward pass.
 */
export function readPrompts(decoder: Decoder, ids: Tensor, checkpointing = false): LayerCache[] {
  const [prompts, columns] = ids.shape as [number, number]
  const { keyValueHeads, headWidth } = decoder.architecture
  const shape: RowShape = { prompts, samples: 1, tokens: columns }
  const positions = tf.range(0, columns, 1, 'int32').tile([prompts])
  const angles = anglesAt(angleTable(decoder.architecture, columns), positions)
  const mask = attentionMask({ prompts, tokens: columns, prefix: null })
  const through = layerRunner(angles, mask, checkpointing)
  const caches: LayerCache[] = []
  let x = rowsOf(decoder.embedding, ids.reshape([prompts * columns]))
  for (const [index, layer] of decoder.layers.entries()) {
    const both = through({ layer, inputs: [x] }, (own, [before], at) => {
      const { keys, values } = queriesKeysValues(decoder, own, before as Tensor, at.turn)
      return tf.stack([keys, values])
    })
    const [keys, values] = tf
      .unstack(both)
      .map(part => part.reshape([prompts, columns, keyValueHeads, headWidth]).transpose([0, 2, 1, 3]))
    caches.push({ keys: keys as Tensor, values: values as Tensor })
    // The last layer's output for a prompt is not used.
    if (index === decoder.layers.length - 1) break
    x = through({ layer, inputs: [x] }, (own, [before], at) => {
      const parts = queriesKeysValues(decoder, own, before as Tensor, at.turn)
      const seen = attend({ ...parts, prefix: null, mask: at.mask, shape })
      return afterAttention(decoder, own, before as Tensor, seen)
    })
  }
  return caches
}

/**
 * Hidden states [N T, D] of responses, before the last norm. `ids` [N, T] int32 are the prompt's last token,
 * then the response without its last.
 */
export function readResponses({
  decoder,
  lengths,
  caches,
  ids,
  checkpointing = false,
}: {
  decoder: Decoder
  /** Length of each prompt's part, 0 .. P, [B] int32. Columns to its right are padding. */
  lengths: Tensor
  caches: readonly LayerCache[]
  ids: Tensor
  checkpointing?: boolean
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
  const angles = anglesAt(angleTable(decoder.architecture, columns + tokens), positions)
  const mask = attentionMask({ prompts, tokens, prefix: { columns, lengths } })
  const through = layerRunner(angles, mask, checkpointing)
  let x = rowsOf(decoder.embedding, ids.reshape([rows * tokens]))
  for (const [index, layer] of decoder.layers.entries()) {
    const { keys: promptKeys, values: promptValues } = caches[index] as LayerCache
    x = through({ layer, inputs: [x, promptKeys, promptValues] }, (own, [before, keys, values], at) => {
      const parts = queriesKeysValues(decoder, own, before as Tensor, at.turn)
      const prefix = { keys: keys as Tensor, values: values as Tensor }
      const seen = attend({ ...parts, prefix, mask: at.mask, shape: { prompts, samples, tokens } })
      return afterAttention(decoder, own, before as Tensor, seen)
    })
  }
  return x
}

interface Surroundings {
  turn: Turn
  mask: Tensor
}

type LayerStep = (layer: Layer, inputs: readonly Tensor[], at: Surroundings) => Tensor

/** Runs a step of a layer. With `checkpointing` the step is computed again in the backward pass. */
function layerRunner(angles: Angles, mask: Tensor, checkpointing: boolean) {
  return ({ layer, inputs }: { layer: Layer; inputs: readonly Tensor[] }, step: LayerStep): Tensor => {
    if (!checkpointing) return step(layer, inputs, { turn: heads => turned(heads, angles), mask })
    const { tensors, rebuild } = takenApart(layer)
    return recomputed({
      inputs: [...inputs, ...tensors],
      constants: [angles.cosine, angles.sine, angles.rotation, mask],
      run: (given, [cosine, sine, rotation, seen]) =>
        step(rebuild(given.slice(inputs.length)), given.slice(0, inputs.length), {
          turn: heads => turned(heads, { cosine, sine, rotation } as Angles),
          mask: seen as Tensor,
        }),
    })
  }
}
