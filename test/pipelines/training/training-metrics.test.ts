import assert from 'node:assert/strict'
import { test } from 'node:test'
import { advantages } from '../../../pipelines/advantages/advantages.js'
import type { RecordConfig, StepRecord } from '../../../pipelines/advantages/records.js'
import type { Verdict } from '../../../pipelines/rewards/verdict.js'
import type { Rollout } from '../../../pipelines/rollout/response.js'
import { trainingMetrics } from '../../../pipelines/training/training-metrics.js'

const config = (name: RecordConfig['estimator']['name']): RecordConfig => ({
  reward: {
    scale: 'human-aligned',
    alpha: 10,
    cap: 1,
    verifier: 'exact',
    tolerance: 0,
    absoluteTolerance: 0,
    partial: 'none',
    wrongCredit: 0,
    units: 'convert',
    timeoutMs: 5000,
    answer: 'after-hash',
  },
  value: { site: 'reward' },
  estimator: { name, epsilon: 1e-12, allowCancelled: true },
  kl: { place: 'log', estimator: 'k3', coefficient: 0 },
  rollout: { maxTokens: 14 },
})

const prompts: { id: string; value: number; verdicts: Verdict[]; lengths: number[] }[] = [
  { id: 'a', value: 0.01, verdicts: ['correct', 'wrong', 'wrong', 'correct'], lengths: [2, 3, 3, 2] },
  { id: 'b', value: 0.02, verdicts: ['correct', 'correct', 'correct', 'correct'], lengths: [4, 4, 4, 4] },
  { id: 'c', value: 0.05, verdicts: ['wrong', 'unscored', 'wrong', 'wrong'], lengths: [6, 6, 6, 6] },
  { id: 'd', value: 0.08, verdicts: ['wrong', 'correct', 'wrong', 'wrong'], lengths: [8, 8, 8, 8] },
  { id: 'e', value: 0.2, verdicts: ['correct', 'wrong', 'correct', 'correct'], lengths: [10, 14, 10, 10] },
]

function step(name: RecordConfig['estimator']['name']): { rollout: Rollout; records: StepRecord[] } {
  const groups = prompts.map(({ id, value, verdicts, lengths }) =>
    verdicts.map((verdict, sample): StepRecord => {
      const scale = 1 + Math.min(10 * value, 1)
      const reward = verdict === 'correct' ? scale : 0
      return { itemId: id, sample, verdict, value, scale, reward, advantage: 0, length: lengths[sample] ?? 0 }
    }),
  )
  const estimated = advantages({ estimator: { name, epsilon: 1e-12 }, groups })
  const records = groups.flatMap((group, row) =>
    group.map((record, column) => ({ ...record, advantage: estimated[row]?.[column] ?? 0 })),
  )
  const responses = records.map(record => ({
    itemId: record.itemId,
    sample: record.sample,
    promptTokens: [1],
    tokens: new Array<number>(record.length).fill(1),
    text: '',
    logProbs: new Array<number>(record.length).fill(-1),
    referenceLogProbs: new Array<number>(record.length).fill(-1.5),
    finish: record.length < 14 ? ('stop' as const) : ('length' as const),
  }))
  return { rollout: { step: 1, prompts: prompts.map(({ id }) => id), responses }, records }
}

test('the metrics of a step, by hand', () => {
  const metrics = trainingMetrics({ ...step('rloo'), config: config('rloo') })
  const expected: Record<string, number> = {
    'reward/mean': (2 * 1.1 + 4 * 1.2 + 1.8 + 3 * 2) / 19,
    'reward/scale_mean': (1.1 + 1.2 + 1.5 + 1.8 + 2) / 5,
    'verdict/correct': 10 / 20,
    'verdict/wrong': 9 / 20,
    'verdict/unscored': 1 / 20,
    'length/mean': (10 + 16 + 24 + 32 + 44) / 20,
    'length/value_fifth_1': 2.5,
    'length/value_fifth_3': 6,
    'length/value_fifth_5': 11,
    'rollout/finished': 19 / 20,
    'groups/degenerate': 2 / 5,
    'value/transmission': 1,
    'kl/k1': 0.5,
    'kl/k2': 0.125,
  }
  for (const [name, value] of Object.entries(expected)) {
    assert.ok(Math.abs((metrics[name] ?? Number.NaN) - value) < 1e-12, `${name}: ${metrics[name]}, not ${value}`)
  }
})

test('the realised transmission is 0 for GRPO and MaxRL, and 1 if the value acts on the loss', () => {
  for (const name of ['grpo', 'maxrl'] as const) {
    const found = trainingMetrics({ ...step(name), config: config(name) })['value/transmission']
    assert.ok(Math.abs(found ?? Number.NaN) < 1e-9, `${name}: ${found}`)
  }
  const atLoss: RecordConfig = { ...config('grpo'), value: { site: 'loss' } }
  const found = trainingMetrics({ ...step('grpo'), config: atLoss })['value/transmission']
  assert.ok(Math.abs((found ?? Number.NaN) - 1) < 1e-9)
})

test('metrics that a step does not define are left out, and all others are finite', () => {
  const { rollout, records } = step('rloo')
  const unscored = records.map(record => ({ ...record, verdict: 'unscored' as const, reward: 0, advantage: 0 }))
  const metrics = trainingMetrics({ rollout, records: unscored, config: config('rloo') })
  assert.equal(metrics['reward/mean'], undefined)
  assert.equal(metrics['value/transmission'], undefined)
  assert.equal(metrics['verdict/unscored'], 1)
  assert.ok(Object.values(metrics).every(Number.isFinite))
})
