/**
 * A policy: an architecture, weights on the device, and a tokenizer. It is made from scratch here, or loaded
 * from a folder.
 */
import { localEngine } from '../config/engine-kinds.js'
import { type EngineConfig, engineSection, type ScratchPolicyConfig } from '../config/schema.js'
import { DeviceTensors } from '../graph/device-tensors.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import { stream } from '../random.js'
import { characterTokenizer, type PolicyTokenizer } from '../tokenizer/tokenizer.js'
import { type Adapter, disposeAdapter } from './adapter.js'
import { type Architecture, scratchArchitecture } from './architecture.js'
import { sizeOf, tensorShapes } from './tensor-shapes.js'

export interface Policy {
  architecture: Architecture
  /** By Hugging Face name, float32. An update changes them, unless there is an adapter. */
  weights: DeviceTensors
  /** Low-rank changes that are trained instead of the weights; null if the weights are trained. */
  adapter: Adapter | null
  tokenizer: PolicyTokenizer
  /** How it is computed. */
  engine: EngineConfig
}

/** The default settings of how policies are computed. */
export const defaultEngine: EngineConfig = localEngine(engineSection.parse({}))

/**
 * A decoder with normally distributed weights of the configured deviations, norms of 1 and biases of 0, and a
 * tokenizer of the alphabet's characters. Equal seeds give equal bits.
 */
export function createPolicy({
  config,
  alphabet,
  seed,
  engine = defaultEngine,
}: {
  config: ScratchPolicyConfig
  alphabet: readonly string[]
  seed: number
  engine?: EngineConfig
}): Policy {
  const tokenizer = characterTokenizer(alphabet)
  const architecture = scratchArchitecture(config, tokenizer.padId + 2)
  const { normal } = stream(seed, 'initial weights')
  const weights = new Map<string, Tensor>()
  let index = 0
  for (const [name, shape] of tensorShapes(architecture)) {
    const tensorIndex = index++
    if (name.endsWith('norm.weight')) weights.set(name, tf.ones(shape))
    else if (name.endsWith('bias')) weights.set(name, tf.zeros(shape))
    else {
      const deviation = name.startsWith('model.embed_tokens') ? config.embeddingDeviation : config.initDeviation
      const data = Float32Array.from(
        { length: sizeOf(shape) },
        (_, element) => deviation * normal(tensorIndex, element),
      )
      weights.set(name, tf.tensor(data, shape))
    }
  }
  return { architecture, weights: new DeviceTensors(weights), adapter: null, tokenizer, engine }
}

/** What an update changes: the adapter's tensors if there is one, else the weights. */
export function trainable({ weights, adapter }: Policy): DeviceTensors {
  return adapter === null ? weights : adapter.tensors
}

/**
 * The base with an adapter over it. The weights share the base's memory; each of the two policies is disposed
 * of separately.
 */
export function withAdapter(base: Policy, adapter: Adapter): Policy {
  const weights = new DeviceTensors([...base.weights.read()].map(([name, tensor]) => [name, tensor.clone()]))
  return { ...base, weights, adapter }
}

export function disposePolicy(policy: Policy): void {
  if (policy.adapter !== null) disposeAdapter(policy.adapter)
  policy.weights.dispose()
}
