import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { valueAndDifficulty } from '../../../pipelines/comparison/value-and-difficulty.js'
import type { ItemResults } from '../../../pipelines/evaluation/item-results.js'

interface One {
  value: number
  weight: number
  passRate: number
  /** Of the arm's items after training, and of the baseline's. */
  own: number
  other: number
}

function pair(items: readonly One[]): { own: ItemResults; other: ItemResults } {
  const results = (after: (one: One) => number): ItemResults => ({
    items: items.map(({ value, weight }, index) => ({
      ...{ id: `item-${index}`, section: 'only', prompt: '', answer: '' },
      value,
      weight,
    })),
    evaluations: [0, 20].map(step => ({
      step,
      greedy: items.map(() => 0),
      expected: items.map(one => (step === 0 ? one.passRate : after(one))),
      length: items.map(() => 1),
    })),
    responses: items.map(() => ({ verdict: 'wrong', length: 1, text: '' })),
  })
  return { own: results(one => one.own), other: results(one => one.other) }
}

/** Hard and easy items of high and low value; `gain` says what each gains. */
function exam(gain: (one: { value: number; passRate: number }) => number): One[] {
  return [0.01, 0.1].flatMap(value =>
    [0, 0.25, 0.75, 1].map(passRate => ({
      value,
      // Valued items are the hard ones, as in exams.
      weight: value === 0.1 ? 2 - passRate : 1 + 8 * passRate,
      passRate,
      other: 0.3,
      own: 0.3 + gain({ value, passRate }),
    })),
  )
}

test('a gain on hard items alone goes by difficulty, and none of it by value, though valued items gain more', () => {
  const found = valueAndDifficulty([pair(exam(({ passRate }) => 0.4 * (1 - passRate)))])
  assert.ok(found !== null)
  assert.ok(found.hAcc.mean > found.acc.mean + 0.05)
  assert.ok(Math.abs(found.byValue.mean) < 1e-12)
  assert.ok(found.byDifficulty.mean > 0.05)
  assert.ok((found.correlation?.mean ?? 0) > 0.3)
  // The gain is a line in the pass rate: nothing of it is left to correlate.
  assert.equal(found.partial, null)
})

test('a gain on valued items alone goes by value at every pass rate', () => {
  const found = valueAndDifficulty([pair(exam(({ value }) => 4 * value))])
  assert.ok(found !== null)
  assert.ok(found.byValue.mean > 0.05)
  assert.ok((found.partial?.mean ?? 0) > 0.99)
  for (const { acc, hAcc } of found.strata) assert.ok(hAcc.mean > acc.mean)
})

const anyItem = fc.record({
  value: fc.constantFrom(0.01, 0.05, 0.2, 1),
  weight: fc.integer({ min: 1, max: 5 }),
  passRate: fc.constantFrom(0, 0.25, 0.5, 0.75, 1),
  own: fc.double({ min: 0, max: 1, noNaN: true }),
  other: fc.double({ min: 0, max: 1, noNaN: true }),
})

test('the parts add up to the gain in H-Acc, whatever the items, and the shares of the strata to 1', () => {
  fc.assert(
    fc.property(fc.array(anyItem, { minLength: 1, maxLength: 30 }), items => {
      const found = valueAndDifficulty([pair(items), pair(items)])
      assert.ok(found !== null)
      const { hAcc, acc, byValue, byDifficulty, strata } = found
      assert.ok(Math.abs(hAcc.mean - acc.mean - byValue.mean - byDifficulty.mean) < 1e-9)
      for (const key of ['share', 'valueShare'] as const)
        assert.ok(Math.abs(strata.reduce((sum, stratum) => sum + stratum[key], 0) - 1) < 1e-9)
    }),
  )
})

test('without items, or with other ones, nothing is said', () => {
  const { own, other } = pair(exam(() => 0.1))
  assert.equal(valueAndDifficulty([{ own, other: undefined }]), null)
  const elsewhere = { ...other, items: other.items.map(item => ({ ...item, id: `${item.id}-b` })) }
  assert.equal(valueAndDifficulty([{ own, other: elsewhere }]), null)
  assert.equal(valueAndDifficulty([]), null)
})
