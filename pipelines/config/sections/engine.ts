/** Config section of how the policy is computed: `engine`. */
import { z } from 'zod'
import { count, countUpTo } from './numbers.js'

export const engineSection = z
  .strictObject({
    mode: z
      .enum(['recorded', 'eager'])
      .default('recorded')
      .describe(
        'How steps are computed: `recorded` records TensorFlow graphs once and runs them; `eager` runs operation by operation, which is slower.',
      ),
    lanes: count
      .default(1)
      .describe('Parallel branches of a graph; as many as the worker has threads (docs/performance.md). (branches)'),
    matrices: z
      .enum(['float32', 'bfloat16'])
      .default('float32')
      .describe('Type in which recorded matrix products are computed; weights and all else stay float32.'),
    threads: countUpTo(1024)
      .optional()
      .describe(
        'TensorFlow threads of a matrix product without a card. Bits depend on it. Left out, it is decided when the run begins: one for a small policy, all cores for a large one (docs/performance.md). (threads)',
      ),
    xla: z.boolean().default(false).describe('Compile recorded graphs with XLA; the first call takes long. For GPUs.'),
  })
  .prefault({})
  .describe('How the policy is computed.')
