/**
 * A small policy for tests: 2 layers, grouped queries, and weights large enough for distributions that are far
 * from uniform.
 */
import { type ExperimentConfig, experimentSchema } from '../../../pipelines/config/schema.js'
import { DeviceTensors } from '../../../pipelines/graph/device-tensors.js'
import type { Tensor } from '../../../pipelines/graph/tensorflow.js'
import { tidy } from '../../../pipelines/graph/tidy.js'
import { createPolicy, type Policy } from '../../../pipelines/model/policy.js'

/** The config of a tiny experiment, with some sections replaced. */
export function tinyConfig(sections: Record<string, unknown> = {}): ExperimentConfig {
  return experimentSchema.parse({
    name: 'tiny',
    policy: { from: 'scratch', width: 16, layers: 2, heads: 4, keyValueHeads: 2, mlpWidth: 24, initDeviation: 0.4 },
    rollout: { prompts: 3, samples: 4, maxTokens: 6, chunk: 8 },
    ...sections,
  })
}

export function tinyPolicy(seed = 1, layers = 2): Policy {
  const { policy } = tinyConfig()
  if (policy.from !== 'scratch') throw new TypeError('the tiny policy is made from scratch')
  return createPolicy({ config: { ...policy, layers }, alphabet: [...'0123456789+=#'], seed })
}

/** Replaces a weight by what `change` makes of it. */
export function changeWeight(policy: Policy, name: string, change: (weight: Tensor) => Tensor): void {
  const before = policy.weights
  policy.weights = new DeviceTensors(
    [...before.read()].map(([other, weight]) => [other, other === name ? tidy(() => change(weight)) : weight.clone()]),
  )
  before.dispose()
}

export function prompt(policy: Policy, text: string): number[] {
  return policy.tokenizer.encode(text)
}
