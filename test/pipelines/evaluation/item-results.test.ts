import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ItemOutcome } from '../../../pipelines/evaluation/evaluation.js'
import { itemResults, type TestItem } from '../../../pipelines/evaluation/item-results.js'

const items = ['a', 'b'].map((id): TestItem => ({ id, section: 's', prompt: id, answer: id, value: 0.5, weight: 1 }))
const outcomes: ItemOutcome[] = [
  {
    itemId: 'a',
    greedy: { verdict: 'correct', length: 3, text: '#a' },
    samples: [
      { verdict: 'correct', length: 2 },
      { verdict: 'unscored', length: 6 },
    ],
  },
  { itemId: 'b', greedy: { verdict: 'unscored', length: 5, text: '#b' }, samples: [] },
]

test('of each item: greedy verdict, share of the scored samples, mean length; unscored is no wrong answer', () => {
  const found = itemResults(items, [{ step: 0, outcomes }])
  assert.deepEqual(found?.evaluations, [{ step: 0, greedy: [1, null], expected: [1, null], length: [4, 5] }])
  assert.deepEqual(
    found?.responses.map(({ text }) => text),
    ['#a', '#b'],
  )
})

test('an evaluation of other items, in another order, or none at all gives nothing', () => {
  assert.equal(itemResults(items, [{ step: 0, outcomes: outcomes.toReversed() }]), null)
  assert.equal(itemResults(items, [{ step: 0, outcomes: outcomes.slice(1) }]), null)
  assert.equal(itemResults(items, []), null)
})
