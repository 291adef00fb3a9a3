import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { flipsOf } from '../../../pipelines/comparison/flips.js'
import type { ExperimentOutcome } from '../../../pipelines/comparison/outcome.js'
import type { ItemResults, TestItem } from '../../../pipelines/evaluation/item-results.js'
import { constructedOutcome, constructedPlan, fourArms } from './constructed.js'

const plan = constructedPlan([1, 2])

function outcome(arm: string, seed: number, items: ItemResults): ExperimentOutcome {
  const effect = fourArms.find(({ name }) => name === arm)
  assert.ok(effect)
  return { ...constructedOutcome(plan, effect, seed), items }
}

function results(items: readonly TestItem[], greedy: (number | null)[], responses: string[] = []): ItemResults {
  const none = items.map(() => 0)
  return {
    items,
    evaluations: [
      { step: 0, greedy: none, expected: none, length: none },
      { step: 10, greedy, expected: none, length: none },
    ],
    responses: responses.map(text => ({ verdict: 'wrong', length: 1, text })),
  }
}

const item = (id: string, section: string, value: number): TestItem => {
  return { id, section, prompt: `${id}?`, answer: id, value, weight: 1 }
}
const items = [item('a', 'easy', 0.1), item('b', 'easy', 0.1), item('c', 'hard', 0.3), item('d', 'hard', 0.5)]

const outcomes = [
  outcome('correctness', 1, results(items, [1, 1, 0, 0], ['a', 'b', 'x', 'x'])),
  outcome('correctness', 2, results(items, [1, 0, 0, null], ['a', 'x', 'x', '?'])),
  outcome('human-aligned', 1, results(items, [0, 1, 1, 1], ['y', 'b', 'c', 'd'])),
  outcome('human-aligned', 2, results(items, [0, 0, 1, 1], ['y', 'x', 'c2', 'd'])),
]

test('items that only one of the two answers are counted, by section and by value, and named with both responses', () => {
  const flips = flipsOf({ arm: 'human-aligned', against: 'correctness', outcomes, most: 5 })
  assert.ok(flips)
  assert.deepEqual(flips.seeds, [1, 2])
  // Seed 1 gains c and d and loses a; seed 2 gains c, for d is unscored there, and loses a.
  assert.deepEqual([flips.gained.items, flips.lost.items], [1.5, 1])
  assert.ok(Math.abs(flips.gained.value - (0.8 + 0.3) / 2) < 1e-12)
  assert.ok(Math.abs(flips.lost.value - 0.1) < 1e-12)
  assert.deepEqual(
    flips.sections.map(({ section, items: count, gained, lost }) => [section, count, gained, lost]),
    [
      ['easy', 2, 0, 1],
      ['hard', 2, 1.5, 0],
    ],
  )
  assert.deepEqual(
    flips.mostGained.map(({ item: { id }, own, other, example }) => [id, own, other, example]),
    [
      ['d', 2, 0, { seed: 1, own: 'd', other: 'x' }],
      ['c', 2, 0, { seed: 1, own: 'c', other: 'x' }],
    ],
  )
  assert.deepEqual(
    flips.mostLost.map(({ item: { id }, own, other }) => [id, own, other]),
    [['a', 0, 2]],
  )
})

test('no seed in common, other items, or no items: nothing is told', () => {
  const asked = { arm: 'human-aligned', against: 'correctness', most: 5 }
  assert.equal(flipsOf({ ...asked, outcomes: outcomes.slice(0, 2) }), null)
  const other = outcome('human-aligned', 1, results(items.toReversed(), [0, 1, 1, 1]))
  assert.equal(flipsOf({ ...asked, outcomes: [...outcomes.slice(0, 1), other] }), null)
})

test('what is gained less what is lost is the difference in greedy H-Acc', () => {
  const verdicts = fc.array(fc.constantFrom(0, 1), { minLength: 4, maxLength: 4 })
  fc.assert(
    fc.property(fc.array(fc.tuple(verdicts, verdicts), { minLength: 1, maxLength: 4 }), seeds => {
      const runs = seeds.flatMap(([own, other], index) => [
        outcome('human-aligned', index + 1, results(items, own)),
        outcome('correctness', index + 1, results(items, other)),
      ])
      const flips = flipsOf({ arm: 'human-aligned', against: 'correctness', outcomes: runs, most: 4 })
      const hAcc = (greedy: readonly number[]) =>
        greedy.reduce((sum, correct, index) => sum + correct * (items[index]?.value ?? 0), 0)
      const expected = seeds.reduce((sum, [own, other]) => sum + hAcc(own) - hAcc(other), 0) / seeds.length
      assert.ok(flips !== null && Math.abs(flips.gained.value - flips.lost.value - expected) < 1e-12)
    }),
  )
})
