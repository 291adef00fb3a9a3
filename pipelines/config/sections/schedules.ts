/** Config sections of numbers that change from step to step: `update.schedule`. */
import { z } from 'zod'
import { count } from './numbers.js'

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
