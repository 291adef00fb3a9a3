import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { studentizedInterval } from '../../../scripts/studies/studentized.js'
import { close } from '../../pipelines/statistics/golden.js'

test('two values have no interval: every resample of both has the mean itself, which says nothing about its error', () => {
  assert.equal(studentizedInterval([1, 5], { replicates: 200 }), null)
  const three = studentizedInterval([1, 5, 3], { replicates: 200 })
  assert.ok(three !== null && three.low < 3 && three.high > 3, JSON.stringify(three))
})

test('the tail of a skewed sample is where the interval reaches farther', () => {
  const values = [0.1, 0.2, 0.2, 0.3, 0.4, 0.5, 0.9, 2.4]
  const centre = 0.625
  const found = studentizedInterval(values)
  assert.deepEqual(found, studentizedInterval(values))
  assert.ok(found !== null && found.high - centre > 1.5 * (centre - found.low))
})

test('the interval moves with a shift and stretches with a scale', () => {
  const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 3, maxLength: 12 })
  fc.assert(
    fc.property(values, fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 7 }), (sample, shift, scale) => {
      const before = studentizedInterval(sample, { replicates: 300 })
      const after = studentizedInterval(
        sample.map(value => scale * value + shift),
        { replicates: 300 },
      )
      assert.ok(before !== null)
      const tolerance = 1e-6 * (1 + before.high - before.low)
      close(after?.low, scale * before.low + shift, scale * tolerance)
      close(after?.high, scale * before.high + shift, scale * tolerance)
    }),
    { numRuns: 40 },
  )
})

test('values all alike have an interval of no width; fewer than three have none', () => {
  assert.deepEqual(studentizedInterval([3, 3, 3]), { low: 3, high: 3 })
  assert.equal(studentizedInterval([3, 3]), null)
  assert.equal(studentizedInterval([3]), null)
})
