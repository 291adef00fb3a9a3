/** Config sections of numbers that change from step to step: `update.schedule`, `kl.schedule`. */
import { z } from 'zod'
import { count, positive } from './numbers.js'

export const rateScheduleSection = z
  .strictObject({
    kind: z
      .enum(['linear', 'cosine', 'constant'])
      .default('linear')
      .describe('How the learning rate falls after the warm-up: along a line, along half a cosine, or not at all.'),
    warmup: z
      .int()
      .nonnegative()
      .default(0)
      .describe('Steps in which the learning rate rises along a line to update.learningRate. (steps)'),
    floor: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .describe('Learning rate at the end, as a share of update.learningRate. (share)'),
    steps: count
      .nullable()
      .default(null)
      .describe(
        'Steps after which the floor is reached; null for the `steps` of the run. A run that may be extended later needs a number here, because otherwise the rates change with its length. (steps)',
      ),
  })
  .nullable()
  .optional()
  .describe('Learning rate by step (docs/training-options.md); null or left out for update.learningRate in every step.')

export const klScheduleSection = z
  .strictObject({
    kind: z
      .enum(['linear', 'adaptive'])
      .default('linear')
      .describe(
        'How the coefficient changes: along a line from kl.coefficient to the end, or so that the measured divergence comes near a target.',
      ),
    end: z.number().min(0).default(0).describe('Coefficient at the end of a linear schedule. (1)'),
    steps: count
      .nullable()
      .default(null)
      .describe(
        'Steps after which a linear schedule reaches its end; null for the `steps` of the run. A run that may be extended later needs a number here. (steps)',
      ),
    target: positive.default(0.1).describe('Divergence that an adaptive schedule aims at. (nats a token)'),
    horizon: z
      .number()
      .min(1)
      .default(10)
      .describe('An adaptive schedule changes the coefficient by at most 0.2 / horizon of itself in a step. (steps)'),
  })
  .nullable()
  .optional()
  .describe('Coefficient by step (docs/training-options.md); null or left out for kl.coefficient in every step.')
