/** Medians and ratios of the bench. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { median, ratioOf } from '../../../scripts/bench/statistics.js'

const speed = fc.double({ min: 0.1, max: 1e6, noNaN: true })

test('the median is the middle one, or the mean of the two in the middle, whatever the order', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 3, 2]), 2.5)
  assert.ok(Number.isNaN(median([])))
  fc.assert(
    fc.property(fc.array(speed, { minLength: 1 }), values => {
      const middle = median(values)
      const below = values.filter(value => value < middle).length
      const above = values.filter(value => value > middle).length
      assert.ok(below <= values.length / 2 && above <= values.length / 2)
      assert.equal(median([...values].reverse()), middle)
    }),
  )
})

test('a ratio is taken round by round, so that what slows a whole round falls out', () => {
  assert.deepEqual(ratioOf([20, 2, 40], [10, 1, 10]), { median: 2, min: 2, max: 4 })
  fc.assert(
    fc.property(fc.array(fc.tuple(speed, speed), { minLength: 1 }), rounds => {
      const ratio = ratioOf(
        rounds.map(([factor]) => 3 * factor),
        rounds.map(([factor]) => factor),
      )
      assert.ok(ratio !== null && Math.abs(ratio.median - 3) < 1e-9)
    }),
  )
})

test('rounds that one of the two lacks are left out, and without a common round there is no ratio', () => {
  assert.deepEqual(ratioOf([4, undefined, 9], [2, 2, undefined]), { median: 2, min: 2, max: 2 })
  assert.equal(ratioOf([4], []), null)
})
