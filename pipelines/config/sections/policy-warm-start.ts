/** Config section of how a checkpoint is taught before reinforcement learning: `policy.warmStart`. */
import { z } from 'zod'
import { count, countUpTo, positive } from './numbers.js'

export const policyWarmStartSection = z
  .strictObject({
    steps: count
      .max(1_000_000)
      .default(100)
      .describe('Supervised steps on the training items before reinforcement learning. (steps)'),
    batch: countUpTo(100_000).default(16).describe('Items a step. (items)'),
    share: z
      .number()
      .gt(0)
      .max(1)
      .default(1)
      .describe(
        'Share of the training items that are shown, drawn by the seed; reinforcement learning trains on all. (share)',
      ),
    show: z
      .enum(['working', 'answer'])
      .default('working')
      .describe(
        'What is shown of an item: its working, where it has one, and its answer; or its answer alone, in the place where reward.answer looks for it.',
      ),
    learningRate: positive
      .default(1e-5)
      .describe('Peak rate of AdamW, after warm-up, before the cosine to a tenth; adapters need a higher one. (1)'),
    warmup: z.int().nonnegative().default(10).describe('Steps of linear warm-up. (steps)'),
    weightDecay: z.number().min(0).default(0.01).describe('Decoupled weight decay. (1)'),
    clipNorm: positive.nullable().default(1).describe('Maximum global gradient norm; null for no clipping. (1)'),
  })
  .nullable()
  .optional()
  .describe(
    'Supervised warm start of the checkpoint on answers or worked solutions of the training items (docs/training-options.md), of the weights or of an adapter as update.adapter says; null or left out for none.',
  )
