/** Config section of a verifier that answers over HTTP: `reward.endpoint`. */
import { z } from 'zod'
import { addressOf, lineOfText } from './address.js'
import { countUpTo } from './numbers.js'

export const endpointSection = z
  .strictObject({
    url: addressOf('http://127.0.0.1:9000/mark', 'the key comes from the variable that keyVariable names').describe(
      'Address to which questions are posted (docs/verifiers.md).',
    ),
    name: lineOfText.describe(
      'Name and version of the verifier that answers there. Marks are stored under it, so change it if its marks change.',
    ),
    keyVariable: z
      .string()
      .refine(
        name => /^[A-Z][A-Z0-9_]{0,99}_(?:KEY|TOKEN|SECRET|PASSWORD)$/.test(name),
        'the name of an environment variable that ends in _KEY, _TOKEN, _SECRET or _PASSWORD',
      )
      .optional()
      .describe('Environment variable of the workers with a key, which is sent as a bearer token.'),
    batch: countUpTo(1024).default(32).describe('Questions in one request. (questions)'),
    timeoutMs: z
      .int()
      .min(50)
      .max(3_600_000)
      .default(60_000)
      .describe('Timeout of one request, including the answer. (ms)'),
    attempts: countUpTo(20)
      .default(5)
      .describe('Maximum attempts for one request; after that its questions stay unscored. (requests)'),
    backoffMs: z
      .int()
      .min(0)
      .max(600_000)
      .default(1000)
      .describe(
        'Maximum wait before the second attempt, doubled before each further one; a Retry-After header takes precedence. (ms)',
      ),
    concurrency: countUpTo(256).default(4).describe('Maximum concurrent requests of one worker. (requests)'),
  })
  .optional()
  .describe('A verifier of your own as a server, in place of reward.verifier (docs/verifiers.md).')
