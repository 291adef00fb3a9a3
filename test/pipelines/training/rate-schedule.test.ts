import assert from 'node:assert/strict'
import { test } from 'node:test'
import { learningRateOf } from '../../../pipelines/training/rate-schedule.js'
import { configOfStep } from '../../../pipelines/training/step-config.js'
import { tinyConfig } from '../model/tiny-policy.js'
import { golden } from './golden.js'

for (const { kind, warmup, floor, steps, horizon, rates } of golden.rates) {
  test(`the rates of ${kind} with warm-up ${warmup}, floor ${floor} and ${steps} of ${horizon} steps are PyTorch's`, () => {
    const schedule = { kind, warmup, floor, steps: horizon }
    const config = tinyConfig({ steps, update: { learningRate: 1, schedule } })
    for (const [index, rate] of rates.entries()) {
      assert.ok(Math.abs(learningRateOf(index + 1, config) - rate) < 1e-12, `step ${index + 1}`)
    }
    assert.equal(rates.length, steps)
  })
}

test('after the end of a schedule the rate stays at the floor', () => {
  const schedule = { kind: 'cosine', floor: 0.2, steps: 4 }
  const config = tinyConfig({ steps: 9, update: { learningRate: 2, schedule } })
  for (const step of [5, 9, 50]) assert.equal(learningRateOf(step, config), 0.4)
})

test('a schedule without a number of steps ends with the run; with one, a longer run keeps the rates', () => {
  const rates = (steps: number, own: number | null) =>
    [1, 2, 3].map(step => learningRateOf(step, tinyConfig({ steps, update: { schedule: { floor: 0.1, steps: own } } })))
  assert.notDeepEqual(rates(6, null), rates(12, null))
  assert.deepEqual(rates(6, 6), rates(12, 6))
})

test('without a schedule every step has the rate of the config', () => {
  for (const schedule of [undefined, null]) {
    const config = tinyConfig({ update: { learningRate: 0.3, ...(schedule === undefined ? {} : { schedule }) } })
    assert.equal(configOfStep(config, 7).update.learningRate, 0.3)
  }
})
