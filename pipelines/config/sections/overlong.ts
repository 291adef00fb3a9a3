/** Config section `overlong`: responses that reach the limit, or come near it. */
import { z } from 'zod'
import { count, positive } from './numbers.js'

export const overlongSection = z
  .strictObject({
    mask: z
      .boolean()
      .default(false)
      .describe(
        'Whether responses that were cut at rollout.maxTokens have no gradient. They count in baselines and in the divisors of the loss.',
      ),
    buffer: count
      .nullable()
      .default(null)
      .describe(
        'Tokens before rollout.maxTokens from which on a response costs a penalty, which grows linearly; null for no penalty. (tokens)',
      ),
    factor: positive
      .default(1)
      .describe(
        'Penalty of a response of rollout.maxTokens tokens, taken off its reward after the value scale. (reward)',
      ),
  })
  .prefault({})
  .describe('Responses that are too long (docs/rollout-options.md).')
