import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eosTrajectories } from '../../../pipelines/evaluation/eos.js'

test('P(EOS) is averaged by position over the responses that reach it, top and bottom by value', () => {
  const [top, bottom] = eosTrajectories(
    [
      { value: 0.1, probabilities: [0.5, 1] },
      { value: 0.3, probabilities: [0, 0.25] },
      { value: 0.2, probabilities: [0.5, 0.75, 1] },
      { value: 0.05, probabilities: [1] },
      { value: 0.15, probabilities: [0.9] },
    ],
    2,
  )
  assert.deepEqual(top, { group: 'top', items: 2, probability: [0.25, 0.5, 1], reached: [2, 2, 1] })
  assert.deepEqual(bottom, { group: 'bottom', items: 2, probability: [0.75, 1], reached: [2, 1] })
})

test('with few items each group is half of them, and no item is in both', () => {
  const items = [3, 2, 1].map(value => ({ value, probabilities: [value / 10] }))
  const [top, bottom] = eosTrajectories(items)
  assert.deepEqual([top?.items, top?.probability, bottom?.items, bottom?.probability], [1, [0.3], 1, [0.1]])
})
