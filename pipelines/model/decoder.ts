/**
 * A decoder of the Qwen2, Qwen3 and Llama families as functions of tensors: RMSNorm, rotary positions,
 * grouped-query attention, SwiGLU, tied or untied head, and low-rank adapters beside the projections. It
 * computes what Hugging Face's does, in another layout: projections of the same input are one product, and half
 * a head is rotated by a product with a signed permutation.
 *
 * Shapes: N rows of tokens, D width, H heads, K key/value heads, E head width, M MLP width, V vocabulary.
 */

import { fusedGated, fusedNorm, linearLogProbability } from '../graph/fused.js'
import { freshZeros, gated, linear, logProbabilityOf, packedProduct, product, rmsNorm } from '../graph/kernels.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import type { Adapter } from './adapter.js'
import type { Architecture } from './architecture.js'

/** By Hugging Face name; linear weights are [out, in]. */
export type Weights = ReadonlyMap<string, Tensor>

/** An adapter's settings and tensors. The tensors may be those that a gradient is taken of. */
export type AdapterWeights = Pick<Adapter, 'rank' | 'alpha'> & { tensors: Weights }

/** A matrix [out, in], or a copy of it for sampling, which has no gradient: [in, out], or packed (packedShape). */
export interface Matrix {
  weight: Tensor
  layout: 'outIn' | 'inOut' | 'packed'
}

/** One or more linear projections of the same input, their outputs concatenated. */
interface Projection extends Matrix {
  /** [out] */
  bias: Tensor | null
  /** In the order of the outputs; null for a part without an adapter. */
  adapters: readonly ({ down: Tensor; up: Tensor; scale: number } | null)[]
  /** Number of outputs of each part. */
  sizes: readonly number[]
}

export const projectionParts = ['queryKeyValue', 'output', 'gateUp', 'down'] as const

export type ProjectionPart = (typeof projectionParts)[number]

export interface Layer extends Record<ProjectionPart, Projection> {
  attentionNorm: Tensor
  /** [E] each; null if heads have no norm. */
  headNorms: { query: Tensor; key: Tensor } | null
  mlpNorm: Tensor
}

export interface Decoder {
  architecture: Architecture
  /** [V, D] */
  embedding: Tensor
  layers: readonly Layer[]
  norm: Tensor
  /** [V, D], the embedding if tied; or packed. */
  head: Matrix
  /** Whether norms, gates and log-probabilities are single operations (graph/fused.ts). */
  fused: boolean
}

/**
 * Rotates heads [N, H + K, E] by the rotary angles of their tokens' positions and multiplies them by E^(-1/4).
 * The product of queries and keys then has attention's factor 1 / sqrt(E).
 */
export type Turn = (heads: Tensor) => Tensor

export function makeDecoder({
  architecture,
  weights,
  fused,
  adapter = null,
  forSampling = null,
}: {
  architecture: Architecture
  weights: Weights
  fused: boolean
  adapter?: AdapterWeights | null
  /**
   * Gives a layer's joined matrix, with the adapter added, and the head's, null for that of the weights. Such a decoder has no
   * gradient.
   */
  forSampling?: {
    matrix: (layer: number, part: ProjectionPart) => Matrix
    head: Matrix | null
  } | null
}): Decoder {
  const get = (name: string): Tensor => {
    const tensor = weights.get(name)
    if (tensor === undefined) throw new TypeError(`the decoder has no tensor ${name}`)
    return tensor
  }
  const { queryKeyValueBias, outputBias, mlpBias, queryKeyNorm } = architecture
  const named: Record<ProjectionPart, { of: string; names: readonly string[]; biased: boolean }> = {
    queryKeyValue: { of: 'self_attn', names: ['q_proj', 'k_proj', 'v_proj'], biased: queryKeyValueBias },
    output: { of: 'self_attn', names: ['o_proj'], biased: outputBias },
    gateUp: { of: 'mlp', names: ['gate_proj', 'up_proj'], biased: mlpBias },
    down: { of: 'mlp', names: ['down_proj'], biased: mlpBias },
  }
  const projection = (layer: number, part: ProjectionPart): Projection => {
    const { of, names, biased } = named[part]
    const at = `model.layers.${layer}.${of}`
    const parts = names.map(name => get(`${at}.${name}.weight`))
    const biases = biased ? names.map(name => get(`${at}.${name}.bias`)) : []
    return {
      ...(forSampling?.matrix(layer, part) ?? { weight: joined(parts), layout: 'outIn' }),
      bias: biased ? joined(biases) : null,
      adapters: names.map(name => lowRank(adapter, `${at}.${name}`)),
      sizes: parts.map(part => part.shape[0] as number),
    }
  }
  const layers = Array.from({ length: architecture.layers }, (_, index): Layer => {
    const at = `model.layers.${index}`
    return {
      attentionNorm: get(`${at}.input_layernorm.weight`),
      queryKeyValue: projection(index, 'queryKeyValue'),
      headNorms: queryKeyNorm
        ? { query: get(`${at}.self_attn.q_norm.weight`), key: get(`${at}.self_attn.k_norm.weight`) }
        : null,
      output: projection(index, 'output'),
      mlpNorm: get(`${at}.post_attention_layernorm.weight`),
      gateUp: projection(index, 'gateUp'),
      down: projection(index, 'down'),
    }
  })
  const embedding = get('model.embed_tokens.weight')
  const head = forSampling?.head ?? {
    weight: architecture.tied ? embedding : get('lm_head.weight'),
    layout: 'outIn' as const,
  }
  return { architecture, embedding, layers, norm: get('model.norm.weight'), head, fused }
}

/** Weights with the adapter added to them: W + (alpha / rank) B A. */
export function mergedWeights(weights: Weights, adapter: AdapterWeights | null): Weights {
  if (adapter === null) return weights
  return new Map(
    [...weights].map(([name, weight]) => {
      const part = lowRank(adapter, name.slice(0, -'.weight'.length))
      return [
        name,
        part === null ? weight : weight.add(tf.matMul(part.up as never, part.down as never).mul(part.scale)),
      ]
    }),
  )
}

function lowRank(adapter: AdapterWeights | null, at: string): Projection['adapters'][number] {
  const down = adapter?.tensors.get(`${at}.lora_A.weight`)
  const up = adapter?.tensors.get(`${at}.lora_B.weight`)
  if (adapter === null || down === undefined || up === undefined) return null
  return { down, up, scale: adapter.alpha / adapter.rank }
}

const joined = (parts: readonly Tensor[]): Tensor =>
  parts.length === 1 ? (parts[0] as Tensor) : tf.concat([...parts], 0)

/** x W^T for x [N, in]. */
function times(x: Tensor, { weight, layout }: Matrix, outputs: number): Tensor {
  switch (layout) {
    case 'outIn':
      return linear(x, weight)
    case 'inOut':
      return product(x, weight)
    case 'packed':
      return packedProduct(x, weight, outputs)
    default:
      return layout satisfies never
  }
}

/** x W^T + (alpha / rank) (x A^T) B^T + b for x [N, in]. */
function project(x: Tensor, { weight, layout, bias, adapters, sizes }: Projection): Tensor {
  const outputs = sizes.reduce((sum, size) => sum + size, 0)
  let y = times(x, { weight, layout }, outputs)
  if (adapters.some(adapter => adapter !== null)) {
    const parts = adapters.map((adapter, index) =>
      adapter === null
        ? freshZeros([x.shape[0] as number, sizes[index] as number], 'float32')
        : linear(linear(x, adapter.down), adapter.up).mul(adapter.scale),
    )
    y = y.add(parts.length === 1 ? (parts[0] as Tensor) : tf.concat(parts, 1))
  }
  return bias === null ? y : y.add(bias)
}

/**
 * The tensors of a layer or a part of it, a function that gives the same with other tensors in their places, and
 * everything else about it as a text.
 */
export function takenApart<Part extends object>(
  whole: Part,
): { tensors: Tensor[]; rebuild: (tensors: readonly Tensor[]) => Part; form: string } {
  const tensors: Tensor[] = []
  const visit = (value: unknown, replace: (tensor: Tensor) => unknown): unknown => {
    if (value instanceof tf.Tensor) return replace(value)
    if (Array.isArray(value)) return value.map(part => visit(part, replace))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, visit(part, replace)]))
  }
  const form = visit(whole, tensor => {
    tensors.push(tensor)
    return 'tensor'
  })
  return {
    tensors,
    rebuild: others => {
      let next = 0
      return visit(whole, () => others[next++]) as Part
    },
    form: JSON.stringify(form),
  }
}

/** RMSNorm over the last axis. */
function normed({ architecture: { normEpsilon }, fused }: Decoder, x: Tensor, weight: Tensor): Tensor {
  return fused ? fusedNorm(x, weight, normEpsilon) : rmsNorm(x, weight, normEpsilon)
}

/** silu(gate) up [N, M], of both side by side [N, 2 M]. */
function gatedOf({ fused }: Decoder, both: Tensor): Tensor {
  if (fused) return fusedGated(both)
  const [gate, up] = tf.split(both, 2, 1) as [Tensor, Tensor]
  return gated(gate, up)
}

/** What of a layer comes before attention. */
type BeforeAttention = Pick<Layer, 'attentionNorm' | 'queryKeyValue' | 'headNorms'>

/** Queries, keys and values [N, (H + 2 K) E] side by side, without norms of heads and rotation, of hidden states x [N, D]. */
export const joinedProjections = (decoder: Decoder, layer: BeforeAttention, x: Tensor): Tensor =>
  project(normed(decoder, x, layer.attentionNorm), layer.queryKeyValue)

/**
 * Rotated queries [N, H, E] and keys [N, K, E], and values [N, K, E], of hidden states x [N, D] before a layer.
 */
export function queriesKeysValues(
  decoder: Decoder,
  layer: BeforeAttention,
  x: Tensor,
  turn: Turn,
): { queries: Tensor; keys: Tensor; values: Tensor } {
  const { heads, keyValueHeads, headWidth } = decoder.architecture
  const rows = x.shape[0] as number
  const turning = heads + keyValueHeads
  const all = joinedProjections(decoder, layer, x)
  const [both, flat] = tf.split(all, [turning * headWidth, keyValueHeads * headWidth], 1) as [Tensor, Tensor]
  let byHead: Tensor = both.reshape([rows, turning, headWidth])
  if (layer.headNorms !== null) {
    const [query, key] = tf.split(byHead, [heads, keyValueHeads], 1) as [Tensor, Tensor]
    byHead = tf.concat([normed(decoder, query, layer.headNorms.query), normed(decoder, key, layer.headNorms.key)], 1)
  }
  const [queries, keys] = tf.split(turn(byHead), [heads, keyValueHeads], 1) as [Tensor, Tensor]
  return { queries, keys, values: flat.reshape([rows, keyValueHeads, headWidth]) }
}

/** Hidden states after a layer, from those before it, x [N, D], and the output of its heads, [N, H E]. */
export function afterAttention(decoder: Decoder, layer: Layer, x: Tensor, seen: Tensor): Tensor {
  const mid = x.add(project(seen, layer.output))
  const both = project(normed(decoder, mid, layer.mlpNorm), layer.gateUp)
  return mid.add(project(gatedOf(decoder, both), layer.down))
}

/** Logits [N, V] of hidden states [N, D]. `bias` [V] is added, to take tokens out of the distribution. */
export function logitsOf(decoder: Decoder, hidden: Tensor, bias: Tensor | null): Tensor {
  const { architecture, norm, head } = decoder
  const logits = times(normed(decoder, hidden, norm), head, architecture.vocabulary)
  return bias === null ? logits : logits.add(bias)
}

/** log softmax(logits / temperature)[target], [N], of hidden states [N, D] and targets [N]. */
export function logProbabilitiesOf(
  decoder: Decoder,
  hidden: Tensor,
  { targets, bias, temperature }: { targets: Tensor; bias: Tensor | null; temperature: number },
): Tensor {
  const { norm, head } = decoder
  if (decoder.fused && head.layout === 'outIn') {
    const x = normed(decoder, hidden, norm)
    return linearLogProbability({ x: temperature === 1 ? x : x.div(temperature), weight: head.weight, bias, targets })
  }
  return logProbabilityOf(divided(logitsOf(decoder, hidden, bias), temperature), targets)
}

/** Logits divided by a temperature. */
export const divided = (logits: Tensor, temperature: number): Tensor =>
  temperature === 1 ? logits : logits.div(temperature)
