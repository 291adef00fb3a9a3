/** Config section of the model that judges answers: `judge`. Left out, answers are compared by rules. */
import { z } from 'zod'
import { addressOf, lineOfText } from './address.js'
import { countUpTo } from './numbers.js'

export const judgeSection = z
  .strictObject({
    url: addressOf('http://127.0.0.1:8000/v1', 'the key comes from RLEV_JUDGE_KEY').describe(
      'Base address of an OpenAI-compatible server, with its version: chat/completions is added to it. If the server needs a key, set RLEV_JUDGE_KEY in the environment.',
    ),
    model: lineOfText.describe('Model that judges, by the name that the server has for it.'),
    decides: z
      .enum(['everything', 'evaluation'])
      .default('everything')
      .describe(
        'What the judge decides: training and evaluation, as in the paper, or evaluation alone, with training rewarded by `reward.verifier`.',
      ),
    timeout: z.number().min(0.05).max(3600).default(60).describe('Timeout of one request, including the answer. (s)'),
    attempts: countUpTo(20)
      .default(5)
      .describe('Maximum attempts for one answer; after that it stays unscored. (requests)'),
    backoff: z
      .number()
      .min(0)
      .max(600)
      .default(1)
      .describe(
        'Maximum wait before the second request, doubled before each further one; a Retry-After header takes precedence. (s)',
      ),
    concurrency: countUpTo(256).default(8).describe('Maximum concurrent requests of one worker. (requests)'),
  })
  .optional()
  .describe('Judge of answers: a language model that says whether an answer means the same as the reference.')
