import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RlevError } from '../../../pipelines/errors.js'
import { columns, passAtK, type ScoredItem } from '../../../pipelines/evaluation/metrics.js'
import { fifths, weightsInFifth } from '../../../pipelines/statistics/fifths.js'

const close = (found: number, expected: number) =>
  assert.ok(Math.abs(found - expected) < 1e-12, `${found}, not ${expected}`)

test('the columns of five items, by hand', () => {
  const row = (value: number, correct: number | null, length: number): ScoredItem => ({
    value,
    weight: 1,
    correct,
    credit: correct,
    length,
  })
  const found = columns([row(0.01, 1, 4), row(0.01, 0, 8), row(0.03, 1, 6), row(0.05, 0.5, 10), row(0.1, 0, 12)])
  close(found.acc, 2.5 / 5)
  close(found.hAcc, (0.01 + 0.03 + 0.025) / 0.2)
  close(found.length, 8)
  close(found.valueDensity, 32.5 / 8)
  close(found.accHigh, 0)
  // The bottom fifth is one item of the two at 0.01, half of each.
  close(found.accLow, 0.5)
})

test('weights count in every column', () => {
  const found = columns([
    { value: 0.01, weight: 14, correct: 1, credit: 1, length: 3 },
    { value: 0.08, weight: 3, correct: 0, credit: 0, length: 8 },
    { value: 0.12, weight: 1, correct: 0.5, credit: 0.5, length: 9 },
    { value: 0.25, weight: 2, correct: 0.25, credit: 0.25, length: 10 },
  ])
  close(found.acc, (14 + 0.5 + 0.5) / 20)
  close(found.hAcc, (0.14 + 0.06 + 0.125) / 1)
  close(found.length, (42 + 24 + 9 + 20) / 20)
  close(found.accLow, 1)
  // The top fifth weighs 4: all of 0.25 (2), all of 0.12 (1), a third of 0.08 (1).
  close(found.accHigh, (2 * 0.25 + 0.5 + 0) / 4)
})

test('unscored items are in no accuracy, and all unscored is an error', () => {
  const rows: ScoredItem[] = [
    { value: 0.5, weight: 1, correct: null, credit: null, length: 2 },
    { value: 0.1, weight: 1, correct: 1, credit: 1, length: 4 },
  ]
  assert.deepEqual([columns(rows).acc, columns(rows).hAcc, columns(rows).length], [1, 1, 3])
  assert.throws(() => columns(rows.slice(0, 1)), RlevError)
})

test('a fifth weighs a fifth, the fifths add up to the whole, and the order of items does not matter', () => {
  const row = fc.record({ value: fc.integer({ min: 1, max: 5 }), weight: fc.integer({ min: 0, max: 9 }) })
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), rows => {
      const total = rows.reduce((sum, { weight }) => sum + weight, 0)
      const parts = fifths.map(fifth => weightsInFifth(rows, fifth))
      for (const part of parts) assert.ok(Math.abs(part.reduce((a, b) => a + b, 0) - total / 5) < 1e-9)
      for (const [index, { weight }] of rows.entries()) {
        assert.ok(Math.abs(parts.reduce((sum, part) => sum + (part[index] ?? 0), 0) - weight) < 1e-9)
      }
      assert.deepEqual(weightsInFifth(rows.toReversed(), 5).reverse(), parts[4])
    }),
  )
})

test('pass@k is 1 - C(n - c, k) / C(n, k)', () => {
  const one = (correct: number, k: number) => passAtK([{ correct, scored: 4, weight: 1 }], k)
  assert.equal(one(0, 2), 0)
  assert.equal(one(4, 2), 1)
  assert.equal(one(3, 2), 1)
  close(one(1, 2) ?? 0, 1 - 3 / 6)
  close(one(2, 2) ?? 0, 1 - 1 / 6)
  close(one(1, 1) ?? 0, 0.25)
  assert.equal(one(1, 5), null)
  const two = passAtK(
    [
      { correct: 1, scored: 4, weight: 3 },
      { correct: 4, scored: 4, weight: 1 },
    ],
    2,
  )
  close(two ?? 0, (3 * 0.5 + 1) / 4)
})
