/** The first update of a tiny policy on six responses, for the tests of the policy gradient. */
import assert from 'node:assert/strict'
import type { StepRecord } from '../../../pipelines/advantages/records.js'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import { disposeEngines } from '../../../pipelines/engine/engine-cache.js'
import { logProbsOf } from '../../../pipelines/engine/log-probabilities.js'
import { tf } from '../../../pipelines/graph/tensorflow.js'
import { createOptimizer, disposeOptimizer, type Optimizer } from '../../../pipelines/model/optimizer-state.js'
import { defaultEngine, disposePolicy, type Policy } from '../../../pipelines/model/policy.js'
import { type Hooks, noHooks } from '../../../pipelines/progress.js'
import type { Response } from '../../../pipelines/rollout/response.js'
import { LocalPolicy } from '../../../pipelines/training/local-policy.js'
import { policyGradientStep } from '../../../pipelines/training/policy-gradient.js'
import { prompt, tinyConfig, tinyPolicy as tinyPolicyOf } from '../model/tiny-policy.js'
import { valuesIn } from '../model/values-in.js'

/** Operation by operation, unless a test is about recorded graphs: every loss and shape would record one. */
export const eager = { ...defaultEngine, mode: 'eager' } as const
export const recorded = { ...defaultEngine, mode: 'recorded' } as const

export function tinyPolicy(seed = 1, engine: Policy['engine'] = eager): Policy {
  return { ...tinyPolicyOf(seed), engine }
}

/**
 * Number of tensors in this process, without those of engines, which are kept for the next policy of their
 * shape.
 */
export function tensors(): number {
  disposeEngines()
  return tf.memory().numTensors
}

/** The first step of training, of the policy itself. */
export const firstStep = ({
  policy,
  optimizer,
  hooks = noHooks,
  ...of
}: Pick<Parameters<typeof policyGradientStep>[0], 'responses' | 'records' | 'config'> & {
  policy: Policy
  optimizer: Optimizer
  hooks?: Hooks
}) => policyGradientStep({ ...of, policy: new LocalPolicy({ policy, optimizer }), step: 1, hooks })

export const texts = ['7#', '12=', '5', '99#18', '3#3', '0']
export const advantages = [1, -0.5, 0, 2, -1.5, 0.25]
export const scales = [1, 2, 1.5, 1.1, 2, 1.3]

/** Six responses of unequal length to two prompts, with log-probabilities of the policy and a reference. */
export function batch(policy: Policy, reference?: Policy): { responses: Response[]; records: StepRecord[] } {
  const sequences = texts.map((text, index) => ({
    promptTokens: prompt(policy, index < 3 ? '1+2=' : '33+66='),
    tokens: [...prompt(policy, text), policy.tokenizer.eosIds[0] as number],
  }))
  const logProbs = logProbsOf(policy, sequences)
  const others = reference === undefined ? undefined : logProbsOf(reference, sequences)
  const responses = sequences.map(
    (sequence, index): Response => ({
      itemId: `i${index}`,
      sample: 0,
      ...sequence,
      text: texts[index] as string,
      logProbs: logProbs[index] as number[],
      entropy: index + 1,
      ...(others === undefined ? {} : { referenceLogProbs: others[index] as number[] }),
      finish: 'stop',
    }),
  )
  const records = responses.map(
    ({ itemId, tokens }, index): StepRecord => ({
      itemId,
      sample: 0,
      verdict: 'correct',
      value: 0.1,
      scale: scales[index] as number,
      reward: 1,
      advantage: advantages[index] as number,
      length: tokens.length,
    }),
  )
  return { responses, records }
}

/** Weights and metrics after one SGD step with learning rate 1, so that the weights show the gradient. */
export async function sgdStep(
  sections: { update?: object; kl?: object; value?: object },
  change: (records: StepRecord[]) => StepRecord[] = records => records,
  engine: Policy['engine'] = eager,
): Promise<{ weights: Map<string, number[]>; metrics: Record<string, number> }> {
  const policy = tinyPolicy(1, engine)
  const reference = tinyPolicy(9, engine)
  const { responses, records } = batch(policy, reference)
  const config: ExperimentConfig = tinyConfig({
    kl: { place: 'none' },
    ...sections,
    update: { optimizer: 'sgd', learningRate: 1, ...sections.update },
  })
  const optimizer = createOptimizer(policy, config.update)
  const { metrics } = await firstStep({
    policy,
    optimizer,
    responses,
    records: change(records),
    config,
  })
  const weights = valuesIn(policy)
  for (const one of [policy, reference]) disposePolicy(one)
  disposeOptimizer(optimizer)
  return { weights, metrics }
}

export function near(a: Map<string, number[]>, b: Map<string, number[]>, tolerance: number): void {
  for (const [name, values] of a) {
    for (const [index, value] of values.entries()) {
      const gap = Math.abs(value - (b.get(name)?.[index] as number))
      // A weight here reaches 80, where neighbouring float32 numbers are 8e-6 apart.
      assert.ok(gap < tolerance * Math.max(1, Math.abs(value)), `${name} ${index}: ${gap}`)
    }
  }
}
