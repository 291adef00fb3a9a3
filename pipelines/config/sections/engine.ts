/** Config section of how the policy is computed, and where: `engine`. */
import { z } from 'zod'
import { addressOf, lineOfText } from './address.js'
import { count, countUpTo } from './numbers.js'

const localEngine = z.strictObject({
  kind: z.literal('local').optional().describe('The engine of this program, in the policy workers.'),
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

const tinkerEngine = z.strictObject({
  kind: z.literal('tinker').describe('A server of the Tinker API, which trains adapters (docs/engines.md).'),
  url: addressOf('http://127.0.0.1:8000', 'the key comes from TINKER_API_KEY').describe(
    'Address of the server, without /api/v1. If it needs a key, set TINKER_API_KEY in the environment.',
  ),
  baseModel: lineOfText.describe(
    'Base model, by the name that the server has for it. `policy.path` is a folder of the same model, for its tokenizer.',
  ),
  inFlight: countUpTo(400).default(32).describe('Maximum sampling requests at a time. (requests)'),
  patienceMs: z
    .int()
    .min(1000)
    .max(86_400_000)
    .default(300_000)
    .describe('How long the server may be away before an attempt of a stage ends. (ms)'),
})

export const engineSection = z
  .discriminatedUnion('kind', [localEngine, tinkerEngine])
  .prefault({})
  .transform(withoutDefaultKind)
  .describe('How the policy is computed, and where.')

type Local = Omit<z.output<typeof localEngine>, 'kind'> & { kind?: never }
type Stated = z.output<typeof localEngine> | z.output<typeof tinkerEngine>

/** The kind of the local engine is left out: configs had none before there was another one, and their digests stay. */
function withoutDefaultKind(engine: Stated): Local | z.output<typeof tinkerEngine> {
  if (engine.kind === 'tinker') return engine
  const { kind: _, ...local } = engine
  return local
}
