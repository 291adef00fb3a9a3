import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { twoSidedP } from '../../../pipelines/statistics/distributions.js'
import { estimate, intervalOf, standardDeviation } from '../../../pipelines/statistics/estimate.js'
import { pairedDifference } from '../../../pipelines/statistics/paired-difference.js'
import { golden } from './golden.js'

/*
Made with SciPy 1.17.1:
  from scipy import stats; import numpy as np
  a=[0.612,0.587,0.655,0.601,0.633]; b=[0.571,0.566,0.598,0.589,0.570]
  stats.t.interval(0.95, 4, loc=np.mean(a), scale=stats.sem(a))   # 0.5842872864675276, 0.6509127135324725
  r = stats.ttest_rel(a, b); r.pvalue                              # 0.017209997766708895
  r.confidence_interval(0.95)                                      # 0.011337041969485952, 0.06626295803051412
  2 * stats.t.sf([0.5, 3, 12, 60], [1, 2, 4, 14])
  #  0.7048327646991335 0.09546596626670913 0.000276428548502973 2.74690647851238e-18
*/
const a = [0.612, 0.587, 0.655, 0.601, 0.633]
const b = [0.571, 0.566, 0.598, 0.589, 0.57]
const close = (found: number | null, expected: number, tolerance = 1e-12) =>
  assert.ok(found !== null && Math.abs(found - expected) < tolerance, `${found}, not ${expected}`)

test("the interval of a mean is Student's, as SciPy computes it", () => {
  const { n, mean, half } = estimate(a)
  assert.equal(n, 5)
  close(mean - (half ?? 0), 0.5842872864675276)
  close(mean + (half ?? 0), 0.6509127135324725)
})

test('paired difference, interval and p value are those of SciPy', () => {
  const { mean, half, p } = pairedDifference(a, b)
  close(mean - (half ?? 0), 0.011337041969485952)
  close(mean + (half ?? 0), 0.06626295803051412)
  close(p, 0.017209997766708895)
})

test('tail probabilities keep their digits from large to tiny', () => {
  const golden = [
    [0.5, 1, 0.7048327646991335],
    [3, 2, 0.09546596626670913],
    [12, 4, 0.000276428548502973],
    [-12, 4, 0.000276428548502973],
    [60, 14, 2.74690647851238e-18],
  ] as const
  for (const [t, degrees, p] of golden) close(twoSidedP(t, degrees) / p, 1, 1e-7)
  close(twoSidedP(0, 3), 1, 1e-7)
})

test('one run has no interval and one pair no p value', () => {
  assert.deepEqual(estimate([0.4]), { n: 1, mean: 0.4, half: null })
  assert.deepEqual(pairedDifference([0.5], [0.25]), { n: 1, mean: 0.25, half: null, p: null })
})

test('pairs without any spread have no p value because the test is not defined', () => {
  assert.deepEqual(pairedDifference([1, 1, 1], [1, 1, 1]), { n: 3, mean: 0, half: 0, p: null })
})

test('the deviation is over n - 1', () => {
  close(standardDeviation([1, 2, 3, 4]), Math.sqrt(5 / 3))
})

test('differences of every golden sample have the interval and p of SciPy', () => {
  for (const { differences, mean, interval, p } of golden.paired) {
    const found = pairedDifference(
      differences,
      differences.map(() => 0),
    )
    close(found.mean, mean)
    close(intervalOf(found)?.low ?? null, interval[0], 1e-9)
    close(intervalOf(found)?.high ?? null, interval[1], 1e-9)
    close(found.p, p, 1e-9)
  }
})

test('order is nothing; what both arms share, a shift of a seed, cancels; scale carries through and keeps p', () => {
  const pairs = fc.array(fc.tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -99, max: 99 })), {
    minLength: 2,
  })
  fc.assert(
    fc.property(pairs, fc.integer({ min: 1, max: 9 }), (points, scale) => {
      const [one, other] = [points.map(([x]) => x), points.map(([, y]) => y)]
      const found = pairedDifference(one, other)
      const turned = pairedDifference(one.toReversed(), other.toReversed())
      const moved = pairedDifference(
        one.map((value, seed) => scale * (value + 10 * seed)),
        other.map((value, seed) => scale * (value + 10 * seed)),
      )
      close(turned.mean, found.mean, 1e-9)
      close(moved.mean, scale * found.mean, 1e-9)
      close(moved.half, scale * (found.half ?? Number.NaN), 1e-9)
      if (found.p !== null) {
        close(turned.p, found.p, 1e-9)
        close(moved.p, found.p, 1e-9)
      }
    }),
  )
})
