/** Config section `rollout`: how the responses of a step are sampled, and where they end. */
import { z } from 'zod'
import { countUpTo, positive } from './numbers.js'

const stopSection = z
  .strictObject({
    strings: z
      .array(z.string().min(1).max(200))
      .max(16)
      .default([])
      .describe('Texts at which a response ends, wherever the borders of tokens are.'),
    tokens: z
      .array(z.union([z.string().min(1).max(200), z.int().nonnegative()]))
      .max(16)
      .default([])
      .describe('Tokens at which a response ends, each by its text or its id. (text or id)'),
    keepText: z
      .boolean()
      .default(false)
      .describe('Whether the stop belongs to the text that the verifier reads. What follows it never does.'),
  })
  .nullable()
  .default(null)
  .describe(
    'Where a response ends besides the end-of-sequence token, in training and evaluation (docs/rollout-options.md); null for nowhere.',
  )

export const rolloutSection = z
  .strictObject({
    prompts: countUpTo(100_000).default(16).describe('Prompts a step. (prompts)'),
    samples: countUpTo(10_000).default(8).describe('Responses a prompt. (responses)'),
    temperature: positive
      .default(1)
      .describe(
        'Divides the logits in sampling, update and divergence alike, so that the gradient is of the distribution that is sampled. (1)',
      ),
    maxTokens: countUpTo(1_000_000).default(14).describe('Maximum length of a response. (tokens)'),
    chunk: countUpTo(100_000)
      .default(128)
      .describe('Responses decoded at a time; one that has ended makes room for the next. (responses)'),
    piece: countUpTo(100_000)
      .optional()
      .describe(
        'Prompts of a step that are answered and stored together; policy workers divide such pieces among themselves, which needs update.adapter (docs/rollout-options.md). Bits may depend on it, as on chunk, but not on the number of workers. Left out, the worker of the experiment makes each rollout whole. (prompts)',
      ),
    stop: stopSection,
    dynamicSampling: z
      .strictObject({
        rounds: countUpTo(100)
          .default(3)
          .describe('Maximum number of times that a step draws further prompts. (rounds)'),
      })
      .nullable()
      .default(null)
      .describe(
        'Replace prompts whose answers all have the same credit by further prompts (docs/rollout-options.md); null to keep them.',
      ),
  })
  .prefault({})
  .describe('Sampling of responses.')
