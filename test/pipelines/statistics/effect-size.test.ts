import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { effectSize, hedgesFactor } from '../../../pipelines/statistics/effect-size.js'
import { close, golden } from './golden.js'

test("d, Hedges' g and the exact interval of d are those found by SciPy's functions", () => {
  for (const { differences, d, g, d_interval } of golden.paired) {
    const found = effectSize(differences)
    close(found?.d, d, 1e-9)
    close(found?.g, g, 1e-9)
    close(found?.interval.low, d_interval[0])
    close(found?.interval.high, d_interval[1])
  }
})

test('the correction is the one that Hedges tabulated: 0.7979 of four degrees, near 1 of many', () => {
  close(hedgesFactor(4), 0.7978845608, 1e-9)
  close(hedgesFactor(1000), 1 - 3 / 3999, 1e-6)
})

test('scale does not matter, sign turns everything round, order is nothing', () => {
  const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 3, maxLength: 8 })
  fc.assert(
    fc.property(values, fc.double({ min: 0.1, max: 10, noNaN: true }), (differences, scale) => {
      const found = effectSize(differences)
      if (found === null) return
      const tolerance = 1e-6 * (1 + Math.abs(found.d))
      const turned = effectSize(differences.toReversed().map(value => -scale * value))
      close(turned?.d, -found.d, tolerance)
      close(turned?.interval.low, -found.interval.high, tolerance)
      assert.ok(found.interval.low <= found.d && found.d <= found.interval.high)
      assert.ok(Math.abs(found.g ?? 0) <= Math.abs(found.d))
    }),
    { numRuns: 40 },
  )
})

test('an effect a thousand times its scatter has an interval about it', () => {
  const found = effectSize([1, 1.001, 0.999, 1.001, 0.999])
  close(found?.d, 1000, 1)
  // With n - 1 = 4 degrees the deviation may be 0.599 to 2.874 times the found one.
  close((found?.interval.low ?? 0) / 1000, Math.sqrt(0.4844 / 4), 0.005)
  close((found?.interval.high ?? 0) / 1000, Math.sqrt(11.143 / 4), 0.005)
})

test('one pair or no spread has no effect size, two pairs no corrected one', () => {
  assert.equal(effectSize([0.3]), null)
  assert.equal(effectSize([0.3, 0.3, 0.3]), null)
  assert.equal(effectSize([0.1, 0.1, 0.1, 0.1, 0.1, 0.1]), null)
  assert.equal(effectSize([0.1, 0.3])?.g, null)
})
