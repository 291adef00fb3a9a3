/** The supervised warm start of a checkpoint: PyTorch's numbers, what is shown and what is not, weights and adapters. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import { demonstrationsOfItems, shownItems } from '../../../pipelines/data/demonstrations.js'
import type { Item } from '../../../pipelines/data/item.js'
import { disposeEngines } from '../../../pipelines/engine/engine-cache.js'
import { logProbsOf } from '../../../pipelines/engine/log-probabilities.js'
import { tf } from '../../../pipelines/graph/tensorflow.js'
import { disposePolicy, type Policy } from '../../../pipelines/model/policy.js'
import { noHooks } from '../../../pipelines/progress.js'
import { finalAnswer } from '../../../pipelines/rewards/final-answer.js'
import { turnEndId } from '../../../pipelines/tokenizer/special-tokens.js'
import { encodePrompts } from '../../../pipelines/tokenizer/tokenizer.js'
import { type CheckpointWarmStart, teachCheckpoint } from '../../../pipelines/training/teach-checkpoint.js'
import { warmStart } from '../../../pipelines/training/warm-start.js'
import { valuesIn } from '../model/values-in.js'
import { golden } from './golden.js'

after(disposeEngines)

const folder = 'test/fixtures/qwen2-tiny'
const { items: shown, settings: taught, logProbs: expected } = golden.warmStart
const items = shown.map(
  (item, index): Item => ({
    id: `i${index}`,
    exam: 'e',
    section: 's',
    points: 1,
    total: 10,
    weight: 1,
    ...item,
  }),
)

function configOf(warmStartKeys: object, sections: object = {}): ExperimentConfig {
  return experimentSchema.parse({
    name: 'taught',
    data: { source: 'file', train: 'unused.jsonl' },
    reward: { verifier: 'numeric', answer: 'last-line' },
    rollout: { maxTokens: 40 },
    policy: { from: 'checkpoint', path: folder, warmStart: { ...taught, ...warmStartKeys } },
    engine: { mode: 'eager' },
    ...sections,
  })
}

const settingsOf = ({ policy }: ExperimentConfig) =>
  (policy.from === 'checkpoint' ? policy.warmStart : undefined) as CheckpointWarmStart

const teach = (config: ExperimentConfig, hooks = noHooks, train: readonly Item[] = items) =>
  teachCheckpoint({ config, settings: settingsOf(config), folder, dataset: { train }, hooks })

async function logProbsAfter(policy: Policy): Promise<number[][]> {
  const prompts = await encodePrompts(
    policy.tokenizer,
    items.map(({ prompt }) => prompt),
  )
  const responses = demonstrationsOfItems(items, { place: 'last-line', show: 'working' })
  return logProbsOf(
    policy,
    responses.map(({ response }, index) => ({
      promptTokens: prompts[index] as number[],
      tokens: [...policy.tokenizer.encode(response), 2],
    })),
  )
}

for (const microBatch of [128, 2]) {
  test(`the log-probabilities of what was shown are PyTorch's, with micro-batches of ${microBatch}`, async () => {
    const policy = await teach(configOf({}, { update: { microBatch } }))
    const found = await logProbsAfter(policy)
    for (const [item, tokens] of expected.entries()) {
      assert.equal(found[item]?.length, tokens.length)
      for (const [token, wanted] of tokens.entries()) {
        const gap = Math.abs((found[item]?.[token] as number) - wanted)
        assert.ok(gap < 2e-4 * Math.max(1, Math.abs(wanted)), `${item} ${token}: off by ${gap}`)
      }
    }
    disposePolicy(policy)
  })
}

test('an adapter learns, and is then part of the weights of its targets alone', async () => {
  const adapter = { rank: 4, alpha: 8, targets: ['q_proj', 'down_proj'] }
  const keys = { learningRate: 2e-2, steps: 8 }
  const before = valuesIn(
    await warmStart({
      config: configOf({}, { policy: { from: 'checkpoint', path: folder } }),
      dataset: emptySet(),
      hooks: noHooks,
    }),
  )
  const policy = await teach(configOf(keys, { update: { adapter } }))
  assert.equal(policy.adapter, null)
  const learned = (await logProbsAfter(policy)).flat().reduce((sum, logProb) => sum + logProb, 0)
  for (const [name, values] of valuesIn(policy)) {
    const isTarget = /(q_proj|down_proj)\.weight$/.test(name)
    assert.equal(
      values.some((value, index) => value !== before.get(name)?.[index]),
      isTarget,
      name,
    )
  }
  disposePolicy(policy)
  const one = await teach(configOf({ ...keys, steps: 1 }, { update: { adapter } }))
  assert.ok(learned > (await logProbsAfter(one)).flat().reduce((sum, logProb) => sum + logProb, 0) + 5)
  disposePolicy(one)
})

const emptySet = () => ({ train: items, test: [], skipped: [], warnings: [] })

test('equal warm starts give equal bits, and no tensor is left behind, by weights or by an adapter', async () => {
  for (const update of [{}, { adapter: { rank: 2 } }]) {
    disposeEngines()
    const before = tf.memory().numTensors
    const run = async () => {
      const policy = await teach(configOf({ steps: 2, warmup: 0 }, { update }))
      const values = valuesIn(policy)
      disposePolicy(policy)
      return values
    }
    assert.deepEqual(await run(), await run())
    await assert.rejects(
      teach(configOf({}, { update }), {
        tick: async () => {
          throw new Error('cancelled')
        },
      }),
      /cancelled/,
    )
    disposeEngines()
    assert.equal(tf.memory().numTensors, before)
  }
})

test('answers alone, or a share of the items, are shown if the config says so', () => {
  const said = (show: 'working' | 'answer') =>
    demonstrationsOfItems(items, { place: 'last-line', show }).map(({ response }) => response)
  assert.deepEqual(said('working'), ['three and four\n7', '7', 'one after nine\n10'])
  assert.deepEqual(said('answer'), ['7', '7', '10'])
  const many = Array.from({ length: 40 }, (_, index): Item => ({ ...(items[0] as Item), id: `n${index}` }))
  const ids = (share: number, seed: number) => shownItems(many, { share, seed }).map(({ id }) => id)
  assert.equal(ids(0.25, 1).length, 10)
  assert.deepEqual(ids(0.25, 1), ids(0.25, 1))
  assert.notDeepEqual(ids(0.25, 1), ids(0.25, 2))
  assert.equal(ids(0.001, 1).length, 1)
  assert.deepEqual(
    ids(1, 1),
    many.map(({ id }) => id),
  )
})

test('the answer of what is shown is found where the reward looks for it', () => {
  for (const place of [
    'after-hash',
    'boxed',
    'first-line',
    'last-line',
    'last-number',
    'whole',
    'auto',
    { tag: 'answer' },
  ] as const) {
    const show = place === 'whole' ? 'answer' : 'working'
    for (const [index, { response }] of demonstrationsOfItems(items, { place, show }).entries()) {
      assert.equal(finalAnswer({ text: response, finish: 'stop', answer: place }), items[index]?.answer)
    }
  }
})

test('demonstrations that are too long are left out; if all are, the error says what to raise', async () => {
  const warnings: string[] = []
  const onWarning = (warning: Error) => warnings.push(warning.message)
  process.on('warning', onWarning)
  const policy = await teach(configOf({ steps: 1, warmup: 0 }, { rollout: { maxTokens: 6 } }))
  disposePolicy(policy)
  await new Promise(resolve => setImmediate(resolve))
  process.off('warning', onWarning)
  assert.ok(
    warnings.some(text => text.startsWith('2 of 3 demonstrations are longer than rollout.maxTokens 6')),
    warnings.join(),
  )
  await assert.rejects(
    teach(configOf({}, { rollout: { maxTokens: 1 } })),
    /every demonstration of the warm start is longer[\s\S]*rollout\.maxTokens, 1 tokens[\s\S]*show: answer/,
  )
})

test('a turn that is taught ends with the eos_token of the tokenizer, if responses end with it', () => {
  const files = { tokenizer: { added_tokens: [{ id: 9, content: '<turn>' }] }, config: { eos_token: '<turn>' } }
  assert.equal(turnEndId({ eosIds: [7, 9], files }), 9)
  assert.equal(turnEndId({ eosIds: [7, 8], files }), 7)
  assert.equal(turnEndId({ eosIds: [7], files: { tokenizer: {}, config: {} } }), 7)
})
