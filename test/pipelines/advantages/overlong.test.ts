import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMasked, overlongPenalty } from '../../../pipelines/advantages/overlong.js'
import { recordsOf } from '../../../pipelines/advantages/records.js'
import { type ExperimentConfig, experimentSchema } from '../../../pipelines/config/schema.js'
import type { Item } from '../../../pipelines/data/item.js'
import { markOf } from '../../../pipelines/rewards/mark.js'
import type { Rollout } from '../../../pipelines/rollout/response.js'
import { responseWeights } from '../../../pipelines/training/loss.js'
import { trainingMetrics } from '../../../pipelines/training/training-metrics.js'

/*
 * import numpy as np
 * def reward(length, maxlen, buf, factor):          # as in the reward manager `dapo` of verl
 *     return min(-(length - (maxlen - buf)) / buf * factor, 0)
 * [reward(n, 14, 4, 1.0) for n in range(8, 15)]     # 0 0 0 -0.25 -0.5 -0.75 -1
 * [reward(n, 14, 14, 0.5) for n in (1, 7, 14)]      # -0.03571428571428571 -0.25 -0.5
 *
 * s = 1.5                                           # the scale of the prompt
 * c = np.array([1, 0, 1, 0]); n = np.array([13, 12, 10, 14]); cut = np.array([0, 0, 0, 1])
 * p = np.array([-reward(k, 14, 4, 1.0) for k in n])
 * for site in ('reward', 'advantage', 'loss'):
 *     r = (s if site == 'reward' else 1) * c - p
 *     a = (r - r.mean()) * 4 / 3                    # RLOO
 *     if site == 'advantage': a = s * a
 *     print(site, r, a * (1 - cut))
 *     for d in (4, 4 * n, n.sum()): print((s if site == 'loss' else 1) * (1 - cut) / d)
 */
const golden = {
  reward: { rewards: [0.75, -0.5, 1.5, -1], advantages: [0.75, -0.9166666666666666, 1.75, 0] },
  advantage: { rewards: [0.25, -0.5, 1, -1], advantages: [0.625, -0.875, 2.125, 0] },
  loss: { rewards: [0.25, -0.5, 1, -1], advantages: [0.4166666666666667, -0.5833333333333334, 1.4166666666666667, 0] },
} as const
const weights = {
  'sequence-sum': [0.25, 0.25, 0.25, 0],
  'sequence-mean': [0.019230769230769232, 0.020833333333333332, 0.025, 0],
  'token-mean': [0.02040816326530612, 0.02040816326530612, 0.02040816326530612, 0],
} as const

const configOf = (sections: Record<string, unknown>): ExperimentConfig =>
  experimentSchema.parse({ name: 'overlong', kl: { place: 'none' }, ...sections })

const near = (found: readonly number[], wanted: readonly number[]) => {
  assert.equal(found.length, wanted.length)
  for (const [index, number] of found.entries())
    assert.ok(Math.abs(number - (wanted[index] as number)) < 1e-12, `${found}`)
}

test('the penalty is that of DAPO: 0 up to the buffer, then linear down to the factor', () => {
  const of = (buffer: number, factor: number) => (length: number) =>
    -overlongPenalty(length, configOf({ overlong: { buffer, factor } }))
  near([8, 9, 10, 11, 12, 13, 14].map(of(4, 1)), [0, 0, 0, -0.25, -0.5, -0.75, -1])
  near([1, 7, 14].map(of(14, 0.5)), [-0.03571428571428571, -0.25, -0.5])
  assert.equal(overlongPenalty(14, configOf({})), 0)
  assert.equal(overlongPenalty(14, { rollout: { maxTokens: 14 } }), 0, 'a config of an older version')
})

test('a response is masked if it was cut; without its end, if it is as long as it can be', () => {
  const config = configOf({ overlong: { mask: true } })
  assert.equal(isMasked({ length: 14, finish: 'length' }, config), true)
  assert.equal(isMasked({ length: 14, finish: 'stop' }, config), false)
  assert.deepEqual(
    [13, 14].map(length => isMasked({ length }, config)),
    [false, true],
  )
  assert.equal(isMasked({ length: 14, finish: 'length' }, configOf({})), false)
})

const lengths = [13, 12, 10, 14]
const item: Item = { id: 'a', exam: 'e', section: 's', prompt: '', answer: '1', points: 1, total: 20, weight: 1 }
const values = [{ itemId: 'a', section: 's', points: 1, total: 20, value: 0.05 }]
const rollout: Rollout = {
  step: 1,
  prompts: ['a'],
  responses: lengths.map((length, sample) => ({
    itemId: 'a',
    sample,
    promptTokens: [1],
    tokens: Array.from({ length }, () => 2),
    text: '',
    logProbs: Array.from({ length }, () => -1),
    finish: length === 14 ? 'length' : 'stop',
  })),
}
const marks = (['correct', 'wrong', 'correct', 'wrong'] as const).map(markOf)

const both = { overlong: { mask: true, buffer: 4, factor: 1 } }
for (const site of ['reward', 'advantage', 'loss'] as const) {
  test(`site ${site}: the penalty comes off after the scale, the mask comes after the baseline, and divisors count all`, () => {
    for (const [aggregation, shares] of Object.entries(weights)) {
      const config = configOf({ ...both, value: { site }, update: { aggregation } })
      const records = recordsOf({ rollout, items: [item], values, config, marks })
      near(
        records.map(({ reward }) => reward),
        golden[site].rewards,
      )
      near(
        records.map(({ advantage }) => advantage),
        golden[site].advantages,
      )
      assert.deepEqual(
        records.map(({ masked = false }) => masked),
        [false, false, false, true],
      )
      near(
        responseWeights(records, config),
        shares.map(share => (site === 'loss' ? 1.5 : 1) * share),
      )
    }
  })
}

test('what the options did is among the metrics, and nothing of them without the options', () => {
  const metricsOf = (config: ExperimentConfig) =>
    trainingMetrics({ rollout, records: recordsOf({ rollout, items: [item], values, config, marks }), config })
  const told = metricsOf(configOf(both))
  assert.equal(told['overlong/masked'], 0.25)
  assert.equal(told['overlong/penalised'], 0.75)
  near([told['overlong/penalty_mean'] as number], [(0.75 + 0.5 + 0 + 1) / 4])
  assert.deepEqual(
    Object.keys(metricsOf(configOf({}))).filter(name => name.startsWith('overlong')),
    [],
  )
})
