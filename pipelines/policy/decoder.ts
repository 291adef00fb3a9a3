/**
 * A Qwen2 decoder as pure functions of tensors: RMSNorm, rotary positions, grouped-query attention with biases on q, k
 * and v, SwiGLU, tied or untied head. It differs from the Hugging Face one in layout only: q, k, v are one product, gate
 * and up another, and the rotation of half a head is a product with a signed permutation, since every eager operation
 * has a fixed cost.
 *
 * Shapes: B rows, T tokens now, S tokens in all (cache included), D width, H heads, K key/value heads, E = D / H, V vocabulary.
 */
import type { Architecture } from './architecture.js'
import { type Tensor, tf } from './tensorflow.js'

/** By Hugging Face name; linear weights are [out, in]. */
export type Weights = ReadonlyMap<string, Tensor>

interface Layer {
  inputNorm: Tensor
  /** [(H + 2K) E, D] and its bias [(H + 2K) E]. */
  queryKeyValue: Tensor
  bias: Tensor
  output: Tensor
  postNorm: Tensor
  /** [2 I, D], gate over up. */
  gateUp: Tensor
  down: Tensor
}

/** The weights in the layout of the products; made once for a decoding, or inside the gradient for an update. */
export interface Decoder {
  architecture: Architecture
  embedding: Tensor
  layers: readonly Layer[]
  norm: Tensor
  /** [V, D]; the embedding when tied. */
  head: Tensor
}

/** Keys and values of one layer, each [B, K, S, E]. */
export interface LayerCache {
  keys: Tensor
  values: Tensor
}

/** What depends on places only, made once for all layers. */
export interface Places {
  /** Cosine and sine of the rotary angles, [B, T, 1, E]. */
  cosine: Tensor
  sine: Tensor
  /** [E, E], x R = (-x_2, x_1) for the halves x = (x_1, x_2). */
  rotation: Tensor
  /** 0 where a token may look, -1e9 elsewhere, [B, 1, T, S]. */
  mask: Tensor
}

export function makeDecoder({ architecture, weights }: { architecture: Architecture; weights: Weights }): Decoder {
  const get = (name: string): Tensor => {
    const tensor = weights.get(name)
    if (tensor === undefined) throw new Error(`the decoder has no tensor ${name}; a loaded policy has them all`)
    return tensor
  }
  const layers = Array.from({ length: architecture.layers }, (_, index): Layer => {
    const at = (name: string) => get(`model.layers.${index}.${name}`)
    const projections = ['q_proj', 'k_proj', 'v_proj'].map(name => `self_attn.${name}`)
    return {
      inputNorm: at('input_layernorm.weight'),
      queryKeyValue: tf.concat(
        projections.map(name => at(`${name}.weight`)),
        0,
      ),
      bias: tf.concat(
        projections.map(name => at(`${name}.bias`)),
        0,
      ),
      output: at('self_attn.o_proj.weight'),
      postNorm: at('post_attention_layernorm.weight'),
      gateUp: tf.concat([at('mlp.gate_proj.weight'), at('mlp.up_proj.weight')], 0),
      down: at('mlp.down_proj.weight'),
    }
  })
  const embedding = get('model.embed_tokens.weight')
  return {
    architecture,
    embedding,
    layers,
    norm: get('model.norm.weight'),
    head: architecture.tied ? embedding : get('lm_head.weight'),
  }
}

/** Rotary angles of `positions` and a mask, as the layers want them. `positions` [B][T], `visible(row, query, key)` over T and S. */
export function makePlaces({
  architecture,
  positions,
  keys,
  visible,
}: {
  architecture: Architecture
  positions: readonly (readonly number[])[]
  keys: number
  visible: (row: number, query: number, key: number) => boolean
}): Places {
  const size = architecture.headWidth
  const half = size / 2
  const rows = positions.length
  const tokens = positions[0]?.length ?? 0
  const cosine = new Float32Array(rows * tokens * size)
  const sine = new Float32Array(rows * tokens * size)
  const mask = new Float32Array(rows * tokens * keys)
  const frequencies = Array.from({ length: half }, (_, index) => Math.fround(architecture.ropeTheta ** (-index / half)))
  for (let row = 0; row < rows; row++) {
    for (let token = 0; token < tokens; token++) {
      const place = row * tokens + token
      const position = positions[row]?.[token] ?? 0
      for (let index = 0; index < half; index++) {
        const angle = Math.fround(position * (frequencies[index] as number))
        cosine[place * size + index] = cosine[place * size + half + index] = Math.cos(angle)
        sine[place * size + index] = sine[place * size + half + index] = Math.sin(angle)
      }
      for (let key = 0; key < keys; key++) mask[place * keys + key] = visible(row, token, key) ? 0 : -1e9
    }
  }
  const rotation = new Float32Array(size * size)
  for (let index = 0; index < half; index++) {
    rotation[(half + index) * size + index] = -1
    rotation[index * size + half + index] = 1
  }
  return {
    cosine: tf.tensor(cosine, [rows, tokens, 1, size]),
    sine: tf.tensor(sine, [rows, tokens, 1, size]),
    rotation: tf.tensor(rotation, [size, size]),
    mask: tf.tensor(mask, [rows, 1, tokens, keys]),
  }
}

/** x / rms(x) * weight over the last axis. */
function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  return x.mul(x.square().mean(-1, true).add(epsilon).rsqrt()).mul(weight)
}

/** x W^T for x [N, in] and W [out, in]. */
const linear = (x: Tensor, weight: Tensor): Tensor => tf.matMul(x as never, weight as never, false, true)

/**
 * Hidden states after the last norm, [B T, D], of `ids` [B, T], and the cache with the new keys and values at its end.
 * Without `cache` the tokens see one another only.
 */
export function hiddenStates({
  decoder,
  ids,
  places,
  cache,
}: {
  decoder: Decoder
  ids: Tensor
  places: Places
  cache?: readonly LayerCache[]
}): { hidden: Tensor; cache: LayerCache[] } {
  const { heads, keyValueHeads, headWidth, normEpsilon } = decoder.architecture
  const [rows, tokens] = ids.shape as [number, number]
  const grown: LayerCache[] = []

  const rotate = (x: Tensor): Tensor => {
    const turned = tf.matMul(x.reshape([-1, headWidth]) as never, places.rotation as never).reshape(x.shape)
    return x.mul(places.cosine).add(turned.mul(places.sine))
  }
  const byHead = (x: Tensor): Tensor => (tokens === 1 ? x.reshape([rows, -1, 1, headWidth]) : x.transpose([0, 2, 1, 3]))

  const attention = (x: Tensor, layer: Layer, past: LayerCache | undefined): Tensor => {
    const projected = linear(x, layer.queryKeyValue).add(layer.bias)
    const [queryKey, value] = tf.split(
      projected.reshape([rows, tokens, heads + 2 * keyValueHeads, headWidth]),
      [heads + keyValueHeads, keyValueHeads],
      2,
    ) as [Tensor, Tensor]
    const [query, key] = tf.split(rotate(queryKey), [heads, keyValueHeads], 2) as [Tensor, Tensor]
    const newKeys = byHead(key)
    const newValues = byHead(value)
    const keys = past === undefined ? newKeys : tf.concat([past.keys, newKeys], 2)
    const values = past === undefined ? newValues : tf.concat([past.values, newValues], 2)
    grown.push({ keys, values })
    const span = keys.shape[2] as number
    // Head h reads key/value head h / (H / K): heads of a group are neighbours, so a group is one matrix product.
    const grouped = byHead(query).reshape([rows, keyValueHeads, (heads / keyValueHeads) * tokens, headWidth])
    const scores = tf
      .matMul(grouped, keys, false, true)
      .mul(headWidth ** -0.5)
      .reshape([rows, heads, tokens, span])
      .add(places.mask)
    const mixed = tf
      .matMul(tf.softmax(scores).reshape([rows, keyValueHeads, -1, span]), values)
      .reshape([rows, heads, tokens, headWidth])
    const joined = tokens === 1 ? mixed : mixed.transpose([0, 2, 1, 3])
    return linear(joined.reshape([rows * tokens, heads * headWidth]), layer.output)
  }

  const mlp = (x: Tensor, layer: Layer): Tensor => {
    const [gate, up] = tf.split(linear(x, layer.gateUp), 2, 1) as [Tensor, Tensor]
    return linear(gate.mul(gate.sigmoid()).mul(up), layer.down)
  }

  let x: Tensor = tf.gather(decoder.embedding, ids.reshape([-1]) as never)
  decoder.layers.forEach((layer, index) => {
    x = x.add(attention(rmsNorm(x, layer.inputNorm, normEpsilon), layer, cache?.[index]))
    x = x.add(mlp(rmsNorm(x, layer.postNorm, normEpsilon), layer))
  })
  return { hidden: rmsNorm(x, decoder.norm, normEpsilon), cache: grown }
}

/** Logits [N, V] of hidden states [N, D]. */
export function logitsOf(decoder: Decoder, hidden: Tensor): Tensor {
  return linear(hidden, decoder.head)
}
