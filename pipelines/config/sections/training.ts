/** Config sections of a training step: `estimator`, `kl`, `update`. */
import { z } from 'zod'
import { count, countUpTo, positive } from './numbers.js'
import { klScheduleSection, rateScheduleSection } from './schedules.js'
import { entropyCoefficient, importanceCap, ppoSection } from './update-options.js'

/** The projections of `pipelines/model/adapter.ts`, named here so that a config is read without TensorFlow. */
export const adapterTargetNames = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const

const decay = z.number().min(0).lt(1)

export const estimatorNames = [
  'rloo',
  'reinforce++',
  'reinforce++-baseline',
  'grpo',
  'dr-grpo',
  'batch-deviation',
  'maxrl',
] as const

export const estimatorSection = z
  .strictObject({
    name: z.enum(estimatorNames).default('rloo').describe('Advantage estimator (docs/estimators.md).'),
    epsilon: positive.default(1e-6).describe('Added to a deviation that is divided by. (reward)'),
    allowCancelled: z
      .boolean()
      .default(false)
      .describe('Allow an estimator that cancels the value. The arm then takes the same steps as the correctness arm.'),
  })
  .prefault({})
  .describe('How rewards become advantages.')

export const klSection = z
  .strictObject({
    place: z
      .enum(['none', 'log', 'reward', 'loss'])
      .default('log')
      .describe(
        'Where the divergence from the warm start acts: nowhere, in the metrics only, in the reward, or in the loss.',
      ),
    estimator: z
      .enum(['k1', 'k2', 'k3'])
      .default('k3')
      .describe(
        'Estimator of the divergence that acts: any in the reward, k2 or k3 in the loss (docs/estimators.md); all three are logged.',
      ),
    coefficient: z.number().min(0).default(0).describe('Weight of the divergence in the reward or the loss. (1)'),
    schedule: klScheduleSection,
  })
  .prefault({})
  .describe('Divergence from the reference policy.')

export const updateSection = z
  .strictObject({
    optimizer: z.enum(['adamw', 'sgd']).default('adamw').describe('Rule that turns gradients into steps.'),
    learningRate: positive.default(5e-5).describe('Step size. (1)'),
    schedule: rateScheduleSection,
    betas: z.tuple([decay, decay]).default([0.9, 0.99]).describe('Decay of the first and second moments of AdamW. (1)'),
    epsilon: positive.default(1e-8).describe('Added to the root of the second moment of AdamW. (gradient)'),
    weightDecay: z.number().min(0).default(0).describe('Decoupled weight decay. (1)'),
    clipNorm: positive.nullable().default(null).describe('Maximum global gradient norm; null for no clipping. (1)'),
    aggregation: z
      .enum(['sequence-sum', 'sequence-mean', 'token-mean'])
      .default('sequence-sum')
      .describe(
        'Loss of a batch: mean over responses of the sum over tokens, of the mean over tokens, or mean over all tokens.',
      ),
    ppo: ppoSection,
    importanceCap,
    entropyCoefficient,
    microBatch: countUpTo(100_000)
      .default(128)
      .describe('Maximum responses in one forward and backward pass; the gradient does not depend on it. (responses)'),
    tokenBudget: count
      .nullable()
      .default(null)
      .describe(
        'Maximum tokens in one forward and backward pass, including prompts, responses and padding; null to limit by microBatch only. (tokens)',
      ),
    gradientCheckpointing: z
      .boolean()
      .default(false)
      .describe(
        'Recompute each layer in the backward pass instead of keeping its activations: less memory, more time.',
      ),
    adapter: z
      .strictObject({
        rank: countUpTo(65_536).default(16).describe('Width of the two narrow matrices beside a projection. (units)'),
        alpha: positive.default(32).describe('Scale of their product, which is multiplied by alpha / rank. (1)'),
        targets: z
          .array(z.enum(adapterTargetNames))
          .min(1)
          .default([...adapterTargetNames])
          .describe('Projections of every layer that are changed.'),
      })
      .nullable()
      .default(null)
      .describe('Train a low-rank adapter instead of the weights (docs/adapters.md); null to train the weights.'),
  })
  .prefault({})
  .describe('Policy gradient.')
