/**
 * A Qwen2 decoder as pure functions of tensors: RMSNorm, rotary positions, grouped-query attention with biases on queries,
 * keys and values, SwiGLU, tied or untied head. It differs from the Hugging Face one in layout only, since every eager
 * operation has a fixed cost: products that share an input are one, constants are folded into weights and angles, and
 * half a head is turned by a product with a signed permutation.
 *
 * Shapes: B rows, T tokens now, S tokens in all (cache included), D width, H heads, K key/value heads, E = D / H,
 * M MLP width, V vocabulary.
 */
import type { Architecture } from './architecture.js'
import type { Places } from './places.js'
import { type Tensor, tf } from './tensorflow.js'

/** By Hugging Face name; linear weights are [out, in]. */
export type Weights = ReadonlyMap<string, Tensor>

interface Layer {
  /** [(H + 2K) E, D], columns times the weight of the norm before it; and its bias [(H + 2K) E]. */
  queryKeyValue: Tensor
  bias: Tensor
  /** [D, H E] */
  output: Tensor
  /** [2 M, D], gate over up, columns times the weight of the norm before them. */
  gateUp: Tensor
  /** [D, M] */
  down: Tensor
}

/** The weights in the layout of the products; made once for a decoding, or inside the gradient for an update. */
export interface Decoder {
  architecture: Architecture
  /** [V, D] */
  embedding: Tensor
  layers: readonly Layer[]
  /** [V, D], the embedding when tied; columns times the weight of the norm before it. */
  head: Tensor
  /** [], the norm's epsilon times D. */
  epsilon: Tensor
}

/** Keys, already turned, and values of one layer, each [B, K, S, E]. */
export interface LayerCache {
  keys: Tensor
  values: Tensor
}

export function makeDecoder({ architecture, weights }: { architecture: Architecture; weights: Weights }): Decoder {
  const get = (name: string): Tensor => {
    const tensor = weights.get(name)
    if (tensor === undefined) throw new Error(`the decoder has no tensor ${name}; a loaded policy has them all`)
    return tensor
  }
  const joined = (names: readonly string[]) => tf.concat(names.map(get), 0)
  // W (w x / sqrt(mean(x^2) + e))  =  (W diag(sqrt(D) w)) (x / sqrt(sum(x^2) + D e)): the norm's weight goes into the product.
  const root = tf.scalar(Math.sqrt(architecture.width))
  const after = (norm: string, matrix: Tensor) => matrix.mul(get(norm).mul(root))
  const layers = Array.from({ length: architecture.layers }, (_, index): Layer => {
    const at = `model.layers.${index}`
    const projections = ['q', 'k', 'v'].map(name => `${at}.self_attn.${name}_proj`)
    return {
      queryKeyValue: after(`${at}.input_layernorm.weight`, joined(projections.map(name => `${name}.weight`))),
      bias: joined(projections.map(name => `${name}.bias`)),
      output: get(`${at}.self_attn.o_proj.weight`),
      gateUp: after(
        `${at}.post_attention_layernorm.weight`,
        joined([`${at}.mlp.gate_proj.weight`, `${at}.mlp.up_proj.weight`]),
      ),
      down: get(`${at}.mlp.down_proj.weight`),
    }
  })
  const embedding = get('model.embed_tokens.weight')
  return {
    architecture,
    embedding,
    layers,
    head: after('model.norm.weight', architecture.tied ? embedding : get('lm_head.weight')),
    epsilon: tf.scalar(architecture.normEpsilon * architecture.width),
  }
}

/** Frees what `makeDecoder` made; the weights stay. */
export function disposeDecoder(decoder: Decoder, weights: Weights): void {
  const owned = new Set(weights.values())
  const { embedding, head, epsilon, layers } = decoder
  const tensors = [embedding, head, epsilon, ...layers.flatMap(layer => Object.values(layer) as Tensor[])]
  for (const tensor of tensors) if (!owned.has(tensor)) tensor.dispose()
}

/**
 * Hidden states before the last norm, [B last, D], of the last columns of `ids` [B T], by default of all, and the cache with
 * the new keys and values at its end. Without `cache` the tokens see one another only.
 */
export function hiddenStates({
  decoder,
  ids,
  places,
  cache,
  last = places.tokens,
}: {
  decoder: Decoder
  ids: Tensor
  places: Places
  cache?: readonly LayerCache[]
  last?: number
}): { hidden: Tensor; cache: LayerCache[] } {
  const grown: LayerCache[] = []
  let x: Tensor = tf.gather(decoder.embedding, ids as never)
  for (const [index, layer] of decoder.layers.entries()) {
    const attended = attention({
      x: rmsNorm(decoder, x),
      layer,
      decoder,
      places,
      past: cache?.[index],
    })
    grown.push(attended.cache)
    x = x.add(attended.output)
    // Behind the last attention nobody looks at the other columns.
    if (index === decoder.layers.length - 1) x = lastColumns(x, places, last)
    x = x.add(mlp(rmsNorm(decoder, x), layer))
  }
  return { hidden: x, cache: grown }
}

/** The last columns of x [B T, D], as [B last, D]. */
function lastColumns(x: Tensor, { rows, tokens }: Places, last: number): Tensor {
  if (last === tokens) return x
  return x
    .reshape([rows, tokens, -1])
    .slice([0, tokens - last, 0], [-1, last, -1])
    .reshape([rows * last, -1])
}

/** Logits [N, V] of hidden states [N, D]. `bias` [V], if any, is added: it takes tokens out of the distribution. */
export function logitsOf(decoder: Decoder, hidden: Tensor, bias: Tensor | null = null): Tensor {
  const logits = linear(rmsNorm(decoder, hidden), decoder.head)
  return bias === null ? logits : logits.add(bias)
}

/** x / sqrt(sum(x^2) + D e) over the last axis of x [N, D]: RMSNorm without its weight, which the next product carries. */
function rmsNorm({ epsilon }: Pick<Decoder, 'epsilon'>, x: Tensor): Tensor {
  return x.mul(x.square().sum(1, true).add(epsilon).rsqrt())
}

/** x W^T for x [N, in] and W [out, in]. */
const linear = (x: Tensor, weight: Tensor): Tensor => tf.matMul(x as never, weight as never, false, true)

function attention({
  x,
  layer,
  decoder,
  places,
  past,
}: {
  x: Tensor
  layer: Layer
  decoder: Decoder
  places: Places
  past: LayerCache | undefined
}): { output: Tensor; cache: LayerCache } {
  const { heads, keyValueHeads, headWidth } = decoder.architecture
  const { rows, tokens } = places
  const all = heads + 2 * keyValueHeads
  const projected = linear(x, layer.queryKeyValue).add(layer.bias)
  // [B, H + 2K, T, E]; where there is one token nothing has to move.
  const byHead =
    tokens === 1
      ? projected.reshape([rows, all, 1, headWidth])
      : projected.reshape([rows, tokens, all, headWidth]).transpose([0, 2, 1, 3])
  const [queryKey, newValues] = tf.split(byHead, [heads + keyValueHeads, keyValueHeads], 1) as [Tensor, Tensor]
  const turned = queryKey.mul(places.cosine).add(tf.matMul(queryKey, places.rotation).mul(places.sine))
  const [query, newKeys] = tf.split(turned, [heads, keyValueHeads], 1) as [Tensor, Tensor]
  const keys = past === undefined ? newKeys : tf.concat([past.keys, newKeys], 2)
  const values = past === undefined ? newValues : tf.concat([past.values, newValues], 2)
  // Head h reads key/value head h / (H / K): heads of a group are neighbours, so a group is one product, [B, K, (H / K) T, E].
  const grouped =
    heads === keyValueHeads ? query : query.reshape([rows, keyValueHeads, (heads / keyValueHeads) * tokens, headWidth])
  const scores = tf.matMul(grouped, keys, false, true)
  const mixed = tf.matMul(tf.softmax(places.mask === null ? scores : scores.add(places.mask)), values)
  const byToken = tokens === 1 ? mixed : mixed.reshape([rows, heads, tokens, headWidth]).transpose([0, 2, 1, 3])
  return {
    output: linear(byToken.reshape([rows * tokens, heads * headWidth]), layer.output),
    cache: { keys, values },
  }
}

/** down(silu(gate x) * up x), silu(a) = a sigmoid(a). */
function mlp(x: Tensor, layer: Layer): Tensor {
  const [gate, up] = tf.split(linear(x, layer.gateUp), 2, 1) as [Tensor, Tensor]
  return linear(gate.mul(gate.sigmoid()).mul(up), layer.down)
}
