/** Options of an update beside the paper's: `update.ppo`, `update.importanceCap`, `update.entropyCoefficient`. */
import { z } from 'zod'
import { countUpTo, positive } from './numbers.js'

export const ppoSection = z
  .strictObject({
    minibatches: countUpTo(100_000)
      .default(1)
      .describe('Parts into which the prompts of a step are cut, each with one optimizer step. (minibatches)'),
    epochs: countUpTo(1000).default(1).describe('Passes over the responses of a step. (passes)'),
    clipLow: z
      .number()
      .positive()
      .lt(1)
      .default(0.2)
      .describe('A response with a negative advantage has no gradient where the ratio is below 1 - clipLow. (ratio)'),
    clipHigh: positive
      .default(0.2)
      .describe('A response with a positive advantage has no gradient where the ratio is above 1 + clipHigh. (ratio)'),
    dualClip: z
      .number()
      .gt(1)
      .nullable()
      .default(null)
      .describe(
        'A response with a negative advantage has no gradient where the ratio is above dualClip; null for no such bound. (ratio)',
      ),
  })
  .nullable()
  .optional()
  .describe(
    "Several updates with the responses of a step, by PPO's clipped ratio (docs/training-options.md); null or left out for one update.",
  )

export const importanceCap = z
  .number()
  .min(1)
  .nullable()
  .optional()
  .describe(
    'Maximum importance weight of a token, which corrects for the gap between the log-probabilities of sampling and of training (TIS); null or left out for no weights. (ratio)',
  )

export const entropyCoefficient = positive
  .nullable()
  .optional()
  .describe(
    "Weight in the loss of the entropy of each token's distribution, which keeps responses varied; null or left out for none. (1 / nat)",
  )
