import assert from 'node:assert/strict'
import { test } from 'node:test'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import type { Item } from '../../../pipelines/data/item.js'
import { evaluate } from '../../../pipelines/evaluation/evaluate.js'
import { noHooks } from '../../../pipelines/hooks.js'
import { createPolicy, disposePolicy } from '../../../pipelines/policy/policy.js'
import { tf } from '../../../pipelines/policy/tensorflow.js'

const config = experimentSchema.parse({
  name: 'tiny',
  policy: { from: 'scratch', width: 16, layers: 1, heads: 2, keyValueHeads: 2, mlpWidth: 24 },
  rollout: { maxTokens: 6 },
  evaluation: { samples: 3, chunk: 8 },
})

const items: Item[] = Array.from({ length: 10 }, (_, index) => ({
  id: `t${index}`,
  exam: 'test',
  section: index < 5 ? 'add1' : 'add3',
  prompt: `${index}+${index}=`,
  answer: String(2 * index),
  points: index < 5 ? 1 : 25,
  total: 100,
  weight: index < 5 ? 14 : 2,
}))
const values = items.map(({ id, section, points, total }) => ({
  itemId: id,
  section,
  points,
  total,
  value: points / total,
}))

test('a policy answers every item greedily and in samples, by the same uniforms each time, and leaves no tensor behind', async () => {
  assert.ok(config.policy.from === 'scratch')
  const policy = createPolicy({ config: config.policy, alphabet: [...'0123456789+=#'], seed: 3 })
  const before = tf.memory().numTensors
  const run = (step: number) => evaluate({ policy, items, values, config, step, hooks: noHooks })
  const first = await run(20)
  const again = await run(20)
  const other = await evaluate({
    policy,
    items,
    values,
    config: { ...config, evaluation: { ...config.evaluation, seed: 1 } },
    step: 20,
    hooks: noHooks,
  })
  assert.equal(tf.memory().numTensors, before)
  disposePolicy(policy)

  assert.deepEqual(again, first)
  assert.deepEqual(
    first.outcomes.map(({ itemId, samples }) => [itemId, samples.length]),
    items.map(({ id }) => [id, 3]),
  )
  for (const [index, { greedy, samples }] of first.outcomes.entries()) {
    assert.deepEqual(other.outcomes[index]?.greedy, greedy)
    for (const { length } of [greedy, ...samples]) assert.ok(length >= 1 && length <= 6)
  }
  assert.notDeepEqual(other.outcomes, first.outcomes)
  const { evaluation } = first
  assert.deepEqual([evaluation.step, evaluation.items, evaluation.unscored], [20, 10, 0])
  assert.deepEqual(
    evaluation.sections.map(({ section, items: count, value }) => [section, count, value]),
    [
      ['add1', 5, 0.01],
      ['add3', 5, 0.25],
    ],
  )
  assert.equal(evaluation.responses.length, 10)
  for (const { probability, reached, items: count } of evaluation.eos) {
    assert.equal(count, 5)
    assert.equal(reached[0], 5)
    assert.ok(probability.every(p => p > 0 && p < 1))
  }
})
