import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupRecords, type RecordConfig, recordsOf } from '../../../pipelines/advantages/records.js'
import type { Item } from '../../../pipelines/data/item.js'
import { RlevError } from '../../../pipelines/errors.js'
import { humanAlignedScale, scaleOf, uniformScale } from '../../../pipelines/rewards/scales.js'
import type { Response, Rollout } from '../../../pipelines/rollout/response.js'

const reward: RecordConfig['reward'] = {
  scale: 'human-aligned',
  alpha: 10,
  cap: 1,
  verifier: 'numeric',
  tolerance: 0,
  absoluteTolerance: 0,
  partial: 'none',
  wrongCredit: 0,
  units: 'convert',
  timeoutMs: 5000,
  answer: 'after-hash',
}
const config: RecordConfig = {
  reward,
  value: { site: 'reward' },
  estimator: { name: 'rloo', epsilon: 1e-6, allowCancelled: false },
  kl: { place: 'log', estimator: 'k1', coefficient: 0 },
  rollout: { maxTokens: 14 },
}

const item = (id: string, answer: string): Item => ({
  id,
  exam: 'e',
  section: 's',
  prompt: '',
  answer,
  points: 1,
  total: 20,
  weight: 1,
})
const items = [item('a', '1'), item('b', '2'), item('c', 'no number')]
const values = [
  { itemId: 'a', section: 's', points: 1, total: 20, value: 0.05 },
  { itemId: 'b', section: 's', points: 5, total: 20, value: 0.25 },
  { itemId: 'c', section: 's', points: 1, total: 20, value: 0.05 },
]
const response = (itemId: string, sample: number, text: string, logProbs: number[] = [-1, -1]): Response => ({
  itemId,
  sample,
  promptTokens: [1],
  tokens: logProbs.map((_, index) => index),
  text,
  logProbs,
  referenceLogProbs: logProbs.map(() => -2),
  finish: 'stop',
})
const rollout: Rollout = {
  step: 3,
  prompts: ['a', 'b', 'c'],
  responses: [
    response('a', 0, '#1'),
    response('a', 1, '#9'),
    response('b', 0, '#2'),
    response('b', 1, '#2', [-1]),
    response('c', 0, '#1'),
    response('c', 1, '#1'),
  ],
}

test('the four scales are those of the paper', () => {
  assert.equal(scaleOf({ value: 0.05, reward: { ...reward, scale: 'correctness' } }), 1)
  assert.equal(scaleOf({ value: 0.05, reward }), 1.5)
  assert.equal(scaleOf({ value: 0.25, reward }), 2)
  assert.equal(scaleOf({ value: 0.25, reward: { ...reward, alpha: 30, cap: 3 } }), 4)
  assert.equal(scaleOf({ value: 0.25, reward: { ...reward, scale: 'multiplicative' } }), 3.5)
  assert.equal(uniformScale(values, { alpha: 10, cap: 1 }), (1.5 + 2 + 1.5) / 3)
  assert.equal(scaleOf({ value: 0.05, reward: { ...reward, scale: 'uniform' }, uniformScale: 1.2 }), 1.2)
  assert.equal(humanAlignedScale(0.1, { alpha: 10, cap: 1 }), 2)
})

test('every response keeps verdict, value, scale, reward and advantage apart', () => {
  const records = recordsOf({ rollout, items, values, config })
  assert.deepEqual(records, [
    { itemId: 'a', sample: 0, verdict: 'correct', value: 0.05, scale: 1.5, reward: 1.5, advantage: 1.5, length: 2 },
    { itemId: 'a', sample: 1, verdict: 'wrong', value: 0.05, scale: 1.5, reward: 0, advantage: -1.5, length: 2 },
    { itemId: 'b', sample: 0, verdict: 'correct', value: 0.25, scale: 2, reward: 2, advantage: 0, length: 2 },
    { itemId: 'b', sample: 1, verdict: 'correct', value: 0.25, scale: 2, reward: 2, advantage: 0, length: 1 },
    { itemId: 'c', sample: 0, verdict: 'unscored', value: 0.05, scale: 1.5, reward: 0, advantage: 0, length: 2 },
    { itemId: 'c', sample: 1, verdict: 'unscored', value: 0.05, scale: 1.5, reward: 0, advantage: 0, length: 2 },
  ])
})

test('the site decides what the scale multiplies', () => {
  const at = (site: RecordConfig['value']['site']) =>
    recordsOf({
      rollout,
      items,
      values,
      config: { ...config, value: { ...config.value, site }, estimator: { ...config.estimator, name: 'maxrl' } },
    })[0]
  assert.deepEqual([at('reward')?.reward, at('reward')?.advantage], [1.5, 1])
  assert.deepEqual([at('advantage')?.reward, at('advantage')?.advantage], [1, 1.5])
  assert.deepEqual([at('loss')?.reward, at('loss')?.advantage, at('loss')?.scale], [1, 1, 1.5])
})

test('a divergence in the reward is taken off, summed over the tokens, and moves the advantage', () => {
  const records = recordsOf({
    rollout,
    items,
    values,
    config: { ...config, kl: { place: 'reward', estimator: 'k1', coefficient: 0.1 } },
  })
  // k1 is 1 a token: two tokens cost 0.2, one costs 0.1.
  assert.deepEqual(
    records.map(record => record.reward),
    [1.3, -0.2, 1.8, 1.9, 0, 0],
  )
  assert.ok(Math.abs((records[3]?.advantage ?? 0) - 0.1) < 1e-12)
})

test('the uniform scale is the mean over all training values', () => {
  const records = recordsOf({
    rollout,
    items,
    values,
    config: { ...config, reward: { ...reward, scale: 'uniform' } },
  })
  assert.ok(records.every(record => record.scale === 5 / 3))
})

test('a response to an unknown item is an error that names it', () => {
  const stray: Rollout = { ...rollout, responses: [response('z', 0, '#1')] }
  assert.throws(
    () => recordsOf({ rollout: stray, items, values, config }),
    (error: unknown) => error instanceof RlevError && error.kind === 'DataInvalid' && error.message.includes('"z"'),
  )
})

test('a prompt drawn twice in a row makes two groups', () => {
  const row = (itemId: string, sample: number) => ({ itemId, sample })
  const groups = groupRecords([row('a', 0), row('a', 1), row('a', 0), row('a', 1), row('b', 0)])
  assert.deepEqual(
    groups.map(group => group.length),
    [2, 2, 1],
  )
})
