/**
 * Passes of the decoder over whole rows: over prompts, for their keys and values, and over responses, given
 * those. A response's row starts with the last token of the prompt, which predicts the first token of the
 * response. The prompt's part is everything before.
 *
 * Shapes: B prompts, G samples of each, N = B G rows, P columns of a prompt's part, T tokens of a response, D
 * width, E head width.
 */

import { called } from '../graph/called.js'
import { rowsOf } from '../graph/kernels.js'
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
  const through = layerRunner({ angles, mask, checkpointing, fused: decoder.fused })
  const caches: LayerCache[] = []
  let x = rowsOf(decoder.embedding, ids.reshape([prompts * columns]))
  const both = [2, prompts * columns, keyValueHeads, headWidth]
  const cacheOf = (keysAndValues: Tensor): LayerCache => {
    const [keys, values] = tf
      .unstack(keysAndValues)
      .map(part => part.reshape([prompts, columns, keyValueHeads, headWidth]).transpose([0, 2, 1, 3]))
    return { keys: keys as Tensor, values: values as Tensor }
  }
  for (const layer of decoder.layers.slice(0, -1)) {
    const of = { name: 'prompt', part: layer, inputs: [x], shapes: [both, x.shape], sizes: shape }
    const [keysAndValues, after] = through(of, (own, [before], at) => {
      const parts = queriesKeysValues(decoder, own, before as Tensor, at.turn)
      const seen = attend({ ...parts, prefix: null, mask: at.mask, shape })
      return [tf.stack([parts.keys, parts.values]), afterAttention(decoder, own, before as Tensor, seen)]
    })
    caches.push(cacheOf(keysAndValues as Tensor))
    x = after as Tensor
  }
  // The last layer's output for a prompt is not used.
  const { attentionNorm, queryKeyValue, headNorms } = decoder.layers.at(-1) as Layer
  const part = { attentionNorm, queryKeyValue, headNorms }
  const [last] = through({ name: 'keys and values', part, inputs: [x], shapes: [both] }, (own, [before], at) => {
    const { keys, values } = queriesKeysValues(decoder, own, before as Tensor, at.turn)
    return [tf.stack([keys, values])]
  })
  caches.push(cacheOf(last as Tensor))
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
  const sizes: RowShape = { prompts, samples, tokens }
  const mask = attentionMask({ prompts, tokens, prefix: { columns, lengths } })
  const through = layerRunner({ angles, mask, checkpointing, fused: decoder.fused })
  let x = rowsOf(decoder.embedding, ids.reshape([rows * tokens]))
  for (const [index, layer] of decoder.layers.entries()) {
    const { keys: promptKeys, values: promptValues } = caches[index] as LayerCache
    const inputs = [x, promptKeys, promptValues]
    const of = { name: 'response', part: layer, inputs, shapes: [x.shape], sizes }
    const [after] = through(of, (own, [before, keys, values], at) => {
      const parts = queriesKeysValues(decoder, own, before as Tensor, at.turn)
      const prefix = { keys: keys as Tensor, values: values as Tensor }
      const seen = attend({ ...parts, prefix, mask: at.mask, shape: sizes })
      return [afterAttention(decoder, own, before as Tensor, seen)]
    })
    x = after as Tensor
  }
  return x
}

interface Surroundings {
  turn: Turn
  mask: Tensor
}

interface LayerCall<Part> {
  name: string
  /** The layer, or what of it is used. */
  part: Part
  inputs: readonly Tensor[]
  /** Of the values. */
  shapes: readonly (readonly number[])[]
  /** Sizes that the shapes do not show. */
  sizes?: RowShape
}

type LayerStep<Part> = (part: Part, inputs: readonly Tensor[], at: Surroundings) => readonly Tensor[]

/** Runs a step of a layer: the same function for all layers. */
function layerRunner({
  angles,
  mask,
  checkpointing,
  fused,
}: {
  angles: Angles
  mask: Tensor
  checkpointing: boolean
  fused: boolean
}) {
  return <Part extends object>(of: LayerCall<Part>, step: LayerStep<Part>): Tensor[] => {
    const { name, part, inputs, shapes, sizes } = of
    const { tensors, rebuild, form } = takenApart(part)
    return called({
      name: JSON.stringify([name, form, sizes]),
      shapes,
      inputs: [...inputs, ...tensors],
      constants: [angles.cosine, angles.sine, angles.rotation, mask],
      checkpointing,
      run: (given, [cosine, sine, rotation, seen]) =>
        step(rebuild(given.slice(inputs.length)), given.slice(0, inputs.length), {
          turn: heads => turned(heads, { cosine, sine, rotation } as Angles, { fused }),
          mask: seen as Tensor,
        }),
    })
  }
}
