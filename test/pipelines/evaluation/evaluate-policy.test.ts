import assert from 'node:assert/strict'
import { test } from 'node:test'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import type { Item } from '../../../pipelines/data/item.js'
import { answerItems } from '../../../pipelines/evaluation/answer-items.js'
import { evaluateAnswers } from '../../../pipelines/evaluation/evaluate-answers.js'
import { evaluatePolicy } from '../../../pipelines/evaluation/evaluate-policy.js'
import { tf } from '../../../pipelines/graph/tensorflow.js'
import { createPolicy, disposePolicy } from '../../../pipelines/model/policy.js'
import { noHooks } from '../../../pipelines/progress.js'
import { judgeResponses } from '../../../pipelines/rewards/judge/judge-responses.js'
import type { JudgeQuestion } from '../../../pipelines/rewards/judge/prompt.js'
import { LocalSampler } from '../../../pipelines/sampling/local-sampler.js'

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

test('parts of the items are answered as the whole is, and a judge decides on the final parts', async () => {
  assert.ok(config.policy.from === 'scratch')
  const policy = createPolicy({ config: config.policy, alphabet: [...'0123456789+=#'], seed: 3 })
  const whole = await answerItems({ policy: new LocalSampler(policy), items, config, hooks: noHooks })
  const parts = [
    ...(await answerItems({ policy: new LocalSampler(policy), items: items.slice(0, 4), config, hooks: noHooks })),
    ...(await answerItems({
      policy: new LocalSampler(policy),
      items: items.slice(4),
      first: 4,
      config,
      hooks: noHooks,
    })),
  ]
  disposePolicy(policy)
  const texts = (answers: typeof whole) =>
    answers.map(({ greedy, samples }) => [greedy.text, ...samples.map(({ text }) => text)])
  assert.deepEqual(texts(parts), texts(whole))

  const asked: JudgeQuestion[] = []
  const whole2 = whole.map(one => ({
    ...one,
    greedy: { ...one.greedy, text: `#${one.itemId}`, finish: 'stop' as const },
  }))
  const { evaluation, outcomes } = await evaluateAnswers({
    answers: whole2,
    items,
    values,
    config: {
      reward: config.reward,
      judge: experimentSchema.parse({ name: 'j', judge: { url: 'http://127.0.0.1:1', model: 'm' } }).judge,
    },
    step: 0,
    mark: (responses, reward) =>
      judgeResponses({
        responses,
        reward,
        ask: async questions => {
          asked.push(...questions)
          return questions.map(({ answer }) => (answer === 't1' ? 'unscored' : answer === 't2' ? 'correct' : 'wrong'))
        },
      }),
  })
  for (const { reference, question } of asked)
    assert.equal(question, `${Number(reference) / 2}+${Number(reference) / 2}=`)
  assert.deepEqual(
    outcomes.map(({ greedy }) => greedy.verdict),
    items.map(({ id }) => (id === 't1' ? 'unscored' : id === 't2' ? 'correct' : 'wrong')),
  )
  assert.equal(evaluation.judge, 'm')
  assert.ok(evaluation.unscored >= 1)
})

test('a policy answers every item greedily and in samples, by the same uniforms each time, and leaves no tensor behind', async () => {
  assert.ok(config.policy.from === 'scratch')
  const policy = createPolicy({ config: config.policy, alphabet: [...'0123456789+=#'], seed: 3 })
  const before = tf.memory().numTensors
  const run = (step: number) =>
    evaluatePolicy({ policy: new LocalSampler(policy), items, values, config, step, hooks: noHooks })
  const first = await run(20)
  const again = await run(20)
  const other = await evaluatePolicy({
    policy: new LocalSampler(policy),
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
