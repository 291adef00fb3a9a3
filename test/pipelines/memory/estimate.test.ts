import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readArchitecture } from '../../../pipelines/checkpoint/architecture-file.js'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import { RlevError } from '../../../pipelines/errors.js'
import { given } from '../../../pipelines/given.js'
import { countsOf, type MemoryEstimate, memoryOf } from '../../../pipelines/memory/estimate.js'
import { fitOf, memoryShortage, refuseWithoutRoom, sizeText } from '../../../pipelines/memory/memory-fit.js'

const gibibyte = 2 ** 30

/** The shape of Qwen2.5-0.5B: 494,032,768 weights, as its model card rounds to 0.49 B. */
const architecture = readArchitecture(
  {
    model_type: 'qwen2',
    vocab_size: 151936,
    hidden_size: 896,
    num_hidden_layers: 24,
    num_attention_heads: 14,
    num_key_value_heads: 2,
    intermediate_size: 4864,
    tie_word_embeddings: true,
    rope_theta: 1e6,
  },
  'config.json',
)

const shaped = (width: number, layers: number, heads: number, mlpWidth: number) => ({
  model_type: 'llama',
  vocab_size: 48,
  hidden_size: width,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: heads,
  intermediate_size: mlpWidth,
  tie_word_embeddings: true,
  rope_theta: 1e4,
})
const small = shaped(128, 4, 4, 344)
const large = shaped(256, 6, 8, 704)
/** The shape of SmolLM2-135M. */
const smollm = { ...shaped(576, 30, 9, 1536), num_key_value_heads: 3, vocab_size: 49152 }
const sixLayers = { ...smollm, num_hidden_layers: 6, vocab_size: 47 }
const twelveLayers = { ...smollm, num_hidden_layers: 12, vocab_size: 47 }

function estimate(update: object = {}, others: object = {}, promptTokens = 64): MemoryEstimate {
  const config = experimentSchema.parse({
    name: 'half-billion',
    policy: { from: 'checkpoint', path: '/models/half-billion' },
    rollout: { prompts: 2, samples: 4, maxTokens: 32, chunk: 8 },
    evaluation: { chunk: 8 },
    update: { microBatch: 8, ...update },
    ...others,
  })
  return memoryOf({ architecture, config, promptTokens })
}

const bytesOf = ({ parts }: MemoryEstimate, name: string) => parts.find(part => part.name === name)?.bytes ?? 0

test('an evaluation without training needs weights and caches, and no part of a training step', () => {
  const parts = estimate({}, { steps: 0 })
  assert.equal(parts.phase, 'evaluation')
  assert.deepEqual(parts.parts.map(({ name }) => name).sort(), [
    'copies of the layers (evaluation)',
    'copy of the head (evaluation)',
    'keys and values (evaluation)',
    'logits (evaluation)',
    'process',
    'weights',
  ])
  assert.ok(parts.bytes < estimate().bytes / 2)
})

test('weights and moments are exact to the byte, and the cache includes its copies', () => {
  const weights = 494_032_768
  const parts = estimate()
  assert.equal(bytesOf(parts, 'weights'), 4 * weights)
  assert.equal(bytesOf(parts, 'reference'), 4 * weights)
  assert.equal(bytesOf(parts, 'moments'), 8 * weights)
  // 2 prompts of 64 columns and 8 rows of 32, 24 layers, keys and values of 2 heads of 64.
  assert.equal(bytesOf(parts, 'keys and values (rollout)') / (4 * (2 * 64 + 8 * 32) * 24 * 2 * 2 * 64), 2)
  assert.equal(parts.phase, 'update')
  assert.equal(
    parts.bytes,
    parts.parts
      .filter(({ phase }) => phase === 'always' || phase === 'update')
      .reduce((sum, { bytes }) => sum + bytes, 0),
  )
})

test('with an adapter, only the adapter has moments and gradients, and the reference needs no copy', () => {
  const adapter = { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj'] }
  const config = experimentSchema.parse({ name: 'a', update: { adapter } })
  // Each layer: q_proj 896 to 896, v_proj 896 to 128.
  const trained = 24 * 8 * (896 + 896 + 896 + 128)
  assert.equal(countsOf({ architecture, config }).trained, trained)
  const adapted = estimate({ adapter })
  assert.equal(bytesOf(adapted, 'adapter'), 4 * trained)
  assert.equal(bytesOf(adapted, 'moments'), 8 * trained)
  assert.equal(bytesOf(adapted, 'reference'), 0)
  assert.equal(bytesOf(adapted, 'weights'), bytesOf(estimate(), 'weights'))
})

test('every option that is named as making a part smaller does so', () => {
  const smaller: [string, object, object?][] = [
    ['moments', { optimizer: 'sgd' }],
    ['activations', { gradientCheckpointing: true }],
    ['activations', { microBatch: 4 }],
    ['activations', { tokenBudget: 192 }],
    ['logits (update)', { microBatch: 4 }],
    ['logits (update)', { tokenBudget: 192 }],
    ['reference', {}, { kl: { place: 'none' } }],
    ['keys and values (rollout)', {}, { rollout: { prompts: 1, samples: 4, maxTokens: 32, chunk: 8 } }],
    ['keys and values (rollout)', {}, { rollout: { prompts: 2, samples: 4, maxTokens: 16, chunk: 8 } }],
    ['keys and values (evaluation)', {}, { evaluation: { chunk: 4 } }],
    ['activations', {}, { rollout: { prompts: 2, samples: 4, maxTokens: 16 } }],
  ]
  for (const [part, update, others] of smaller) {
    assert.ok(bytesOf(estimate(update, others), part) < bytesOf(estimate(), part), `${part}: ${JSON.stringify(update)}`)
  }
})

test('a token budget below one response counts as one response', () => {
  assert.equal(
    bytesOf(estimate({ tokenBudget: 1 }), 'activations'),
    bytesOf(estimate({ microBatch: 1 }), 'activations'),
  )
})

test('a run that certainly does not fit is refused with its largest part and what shrinks it; one that may not fit gets a warning', () => {
  const whole = estimate()
  const room = (share: number) => ({ bytes: share * whole.bytes, of: 'this machine' })
  assert.deepEqual(
    [1.1, 0.9, 0.5].map(share => fitOf(whole, room(share))),
    ['fits', 'may not fit', 'does not fit'],
  )
  for (const share of [1.1, 0.9]) refuseWithoutRoom(whole, room(share))
  assert.throws(
    () => refuseWithoutRoom(whole, room(0.5)),
    (error: unknown) => {
      assert.ok(error instanceof RlevError)
      assert.equal(error.kind, 'OutOfMemory')
      assert.match(error.message, /the update[\s\S]*moments \d\.\d\d GiB[\s\S]*update\.adapter/)
      return true
    },
  )
  assert.match(memoryShortage(whole, room(0.9)), /the update needs about .* for .*update\./)
})

test('sizes are formatted', () => {
  assert.deepEqual([35 * 2 ** 20, 1.25 * gibibyte, 12 * gibibyte].map(sizeText), ['35 MiB', '1.25 GiB', '12.0 GiB'])
})

test('rows of a prompt that do not all fit have it in their slots, and a smaller chunk takes less', () => {
  const cached = (chunk: number) =>
    bytesOf(estimate({}, { rollout: { prompts: 40, samples: 4, maxTokens: 32, chunk } }), 'keys and values (rollout)')
  assert.ok(cached(8) < cached(64) && cached(64) < cached(160))
})

test('an evaluation has no more rows than the test items have responses', () => {
  const config = experimentSchema.parse({ name: 'a', evaluation: { chunk: 400, samples: 4 } })
  const cached = (testItems?: number) =>
    bytesOf(
      memoryOf({ architecture, config, promptTokens: 64, ...given({ testItems }) }),
      'keys and values (evaluation)',
    )
  // 40 rows and 32 stored prompts, of 400 and 32.
  const columns = (rows: number) => (rows + 32) * 64 + rows * config.rollout.maxTokens
  assert.equal(cached(10) / cached(), columns(40) / columns(400))
  assert.equal(cached(1000), cached())
})

/** Peaks of resident memory, in GiB, as scripts/memory-check.ts and a trace of the same calls measured them (docs/memory.md). */
const measured: readonly (readonly [
  name: string,
  shape: object,
  update: object,
  tokens: [number, number],
  peaks: { float32: number; bfloat16: number },
])[] = [
  ['135 M weights, 8 rows', smollm, { microBatch: 8 }, [83, 8], { float32: 4.12, bfloat16: 4.22 }],
  [
    '135 M weights, 64 rows, recomputed',
    smollm,
    { microBatch: 64, gradientCheckpointing: true },
    [83, 8],
    { float32: 4.21, bfloat16: 4.23 },
  ],
  [
    '135 M weights, 64 rows, adapter',
    smollm,
    { microBatch: 64, adapter: {} },
    [83, 8],
    { float32: 3.5, bfloat16: 3.4 },
  ],
  ['135 M weights, 64 rows', smollm, { microBatch: 64 }, [83, 8], { float32: 4.9, bfloat16: 4.22 }],
  ['24 M weights, 8 rows', sixLayers, { microBatch: 8 }, [83, 8], { float32: 1.11, bfloat16: 1.12 }],
  ['24 M weights, 64 rows', sixLayers, { microBatch: 64 }, [83, 8], { float32: 1.21, bfloat16: 1.13 }],
  ['43 M weights, 8 rows', twelveLayers, { microBatch: 8 }, [83, 8], { float32: 1.78, bfloat16: 1.64 }],
  ['43 M weights, 64 rows', twelveLayers, { microBatch: 64 }, [83, 8], { float32: 1.87, bfloat16: 1.78 }],
  ['0.8 M weights, 8 rows', small, { microBatch: 8 }, [64, 64], { float32: 0.54, bfloat16: 0.55 }],
  ['0.8 M weights, 64 rows', small, { microBatch: 64 }, [64, 64], { float32: 0.78, bfloat16: 0.71 }],
  ['0.8 M weights, 32 long rows', small, { microBatch: 32 }, [64, 192], { float32: 1.09, bfloat16: 0.93 }],
  ['4.9 M weights, 8 rows', large, { microBatch: 8 }, [64, 64], { float32: 0.76, bfloat16: 0.72 }],
  ['4.9 M weights, 64 rows', large, { microBatch: 64 }, [64, 64], { float32: 1.4, bfloat16: 1.19 }],
  [
    '4.9 M weights, 64 rows, recomputed',
    large,
    { microBatch: 64, gradientCheckpointing: true },
    [64, 64],
    { float32: 0.86, bfloat16: 0.86 },
  ],
  [
    '4.9 M weights, 64 rows, adapter',
    large,
    { microBatch: 64, adapter: {} },
    [64, 64],
    { float32: 1.39, bfloat16: 1.26 },
  ],
]

for (const matrices of ['float32', 'bfloat16'] as const) {
  test(`the estimate is within 10% of every peak that was measured, matrices in ${matrices}`, () => {
    for (const [name, shape, update, [promptTokens, maxTokens], peaks] of measured) {
      const config = experimentSchema.parse({
        name: 'measured',
        policy: { from: 'checkpoint', path: '/models/some' },
        kl: { place: 'none' },
        rollout: { prompts: 8, samples: 8, maxTokens, chunk: 64 },
        evaluation: { chunk: 1 },
        engine: { matrices },
        update,
      })
      const { bytes } = memoryOf({ architecture: readArchitecture(shape, 'config.json'), config, promptTokens })
      const share = bytes / gibibyte / peaks[matrices]
      assert.ok(Math.abs(share - 1) < 0.1, `${name}: ${sizeText(bytes)}, measured ${peaks[matrices]} GiB`)
    }
  })
}

test('the estimate is within 10% of what a worker of a run took, with its reference, checkpoint and evaluations', () => {
  const config = experimentSchema.parse({
    name: 'measured',
    policy: { from: 'checkpoint', path: '/models/smollm2' },
    rollout: { prompts: 8, samples: 8, maxTokens: 8, chunk: 64 },
    evaluation: { samples: 1, chunk: 32 },
    update: { microBatch: 64 },
  })
  const subject = { architecture: readArchitecture(smollm, 'config.json'), config, promptTokens: 105, testItems: 8 }
  const share = memoryOf(subject).bytes / gibibyte / 6.23
  assert.ok(Math.abs(share - 1) < 0.1, String(share))
})
