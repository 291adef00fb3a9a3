import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stream } from '../../../pipelines/random.js'
import { estimate } from '../../../pipelines/statistics/estimate.js'
import { itemsByStratum, weightedScore } from '../../../pipelines/statistics/item-scores.js'
import { twoWayEstimate } from '../../../pipelines/statistics/seeds-and-items.js'
import { twoWayVariance } from '../../../pipelines/statistics/two-way-variance.js'
import { hierarchicalBootstrap } from '../../../scripts/studies/hierarchical-bootstrap.js'
import { close, golden } from './golden.js'

const ones = (items: number) => new Array<number>(items).fill(1)

function made(seeds: number, items: number, purpose = 'scores'): number[][] {
  const draws = stream(11, purpose)
  return Array.from({ length: seeds }, (_, seed) =>
    Array.from({ length: items }, (_, item) =>
      Math.min(
        1,
        Math.max(
          0,
          0.5 + 0.05 * draws.normal(1, seed) + 0.2 * draws.normal(2, item) + 0.2 * draws.normal(3, seed, item),
        ),
      ),
    ),
  )
}

test('the variance of seeds and items is that of the analysis of variance, with its degrees and interval', () => {
  const { scores, variance, degrees, interval } = golden.two_way
  const found = twoWayEstimate({ scores, test: { weights: ones(30) } })
  close(found?.variance, variance, 1e-12)
  close(found?.degrees, degrees, 1e-8)
  close(found?.interval.low, interval[0], 1e-9)
  close(found?.interval.high, interval[1], 1e-9)
})

test('the bootstrap spreads as the variance says, but for what few seeds take and shared parts give', () => {
  const input = { scores: made(12, 60), test: { weights: ones(60) } }
  const [found, twoWay] = [hierarchicalBootstrap({ ...input, replicates: 4000 }), twoWayEstimate(input)]
  assert.ok(found !== null && twoWay !== null)
  const ratio = (found.biasCorrected.high - found.biasCorrected.low) / (2 * 1.96 * Math.sqrt(twoWay.variance))
  assert.ok(ratio > 0.9 && ratio < 1.2, `${ratio}`)
  close(found.calibrated.high - found.calibrated.low, twoWay.interval.high - twoWay.interval.low, 0.01)
})

test('an arm against itself differs by nothing, for both meet the same items in every resample', () => {
  const scores = made(5, 20)
  const input = { scores, reference: scores, test: { weights: ones(20) } }
  assert.deepEqual(hierarchicalBootstrap({ ...input, replicates: 200 })?.biasCorrected, { low: 0, high: 0 })
  assert.deepEqual(twoWayEstimate(input)?.interval, { low: 0, high: 0 })
})

test('a difference that is the same in all items and seeds has no spread, however the items scatter', () => {
  const reference = made(5, 20).map(run => run.map(score => score / 2))
  const scores = reference.map(run => run.map(score => score + 0.25))
  const found = hierarchicalBootstrap({ scores, reference, test: { weights: ones(20) }, replicates: 200 })
  close(found?.mean, 0.25, 1e-12)
  close(found?.biasCorrected.low, 0.25, 1e-12)
  close(found?.calibrated.high, 0.25, 1e-12)
})

test('the same seed gives the same bits, another seed others', () => {
  const input = { scores: made(4, 15), test: { weights: ones(15) }, replicates: 100 }
  assert.deepEqual(hierarchicalBootstrap({ ...input, seed: 2 }), hierarchicalBootstrap({ ...input, seed: 2 }))
  assert.notDeepEqual(hierarchicalBootstrap({ ...input, seed: 2 }), hierarchicalBootstrap({ ...input, seed: 3 }))
})

test('order of the seeds is nothing to the two-way interval; shift and scale carry through both', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), fc.double({ min: 0.1, max: 0.9, noNaN: true }), (seed, scale) => {
      const scores = made(4, 12, `scores ${seed}`)
      const test = { weights: Array.from({ length: 12 }, (_, item) => 1 + (item % 3)) }
      const found = twoWayEstimate({ scores, test })
      const turned = twoWayEstimate({ scores: scores.toReversed(), test })
      const altered = scores.map(run => run.map(one => scale * one + 0.05))
      const moved = twoWayEstimate({ scores: altered, test })
      const [before, after] = [scores, altered].map(one => hierarchicalBootstrap({ scores: one, test, replicates: 20 }))
      assert.ok(found !== null && before != null)
      for (const end of ['low', 'high'] as const) {
        close(turned?.interval[end], found.interval[end], 1e-9)
        close(moved?.interval[end], scale * found.interval[end] + 0.05, 1e-9)
        close(after?.biasCorrected[end], scale * before.biasCorrected[end] + 0.05, 1e-9)
      }
    }),
    { numRuns: 20 },
  )
})

test('separate items in every seed scatter less in the mean than items that all seeds share', () => {
  // Items differ, runs do not: shared items leave that in, own ones average over it.
  const scores = made(8, 40).map((_, __, all) => all[0] ?? [])
  const width = (items: 'shared' | 'own') => {
    const found = hierarchicalBootstrap({ scores, test: { weights: ones(40) }, items, replicates: 2000 })
    return (found?.biasCorrected.high ?? 0) - (found?.biasCorrected.low ?? 0)
  }
  close(width('own') / width('shared'), 1 / Math.sqrt(8), 0.05)
})

test('strata whose items are alike leave no spread of items', () => {
  const scores = Array.from({ length: 4 }, (_, seed) => [0.1, 0.1, 0.9, 0.9].map(score => score + seed / 100))
  const weights = ones(4)
  const strata = ['easy', 'easy', 'hard', 'hard']
  const within = twoWayVariance({ scores, test: { weights, strata } })
  const bySeed = estimate(scores.map(run => weightedScore(run, weights)))
  close(within.variance, ((bySeed.half ?? 0) / 3.182446305) ** 2, 1e-9)
  assert.equal(within.degrees, 3)
  assert.ok(twoWayVariance({ scores, test: { weights } }).variance > 100 * within.variance)
  assert.deepEqual(itemsByStratum({ weights, strata }), [
    [0, 1],
    [2, 3],
  ])
})

test('unscored items are left out of their run, numerator and denominator', () => {
  close(weightedScore([1, null, 0], [1, 5, 3]), 0.25, 1e-12)
  close(weightedScore([1, null, 0], [1, 5, 3], [2, 9, 1]), 0.4, 1e-12)
  const scores = made(3, 10).map((run, seed) => run.map((one, item) => (item === seed ? null : one)))
  const found = twoWayEstimate({ scores, test: { weights: ones(10) } })
  close(found?.mean, (scores.map(run => weightedScore(run, ones(10))).reduce((a, b) => a + b) ?? 0) / 3, 1e-12)
  assert.ok(found !== null && found.interval.low < found.mean && found.mean < found.interval.high)
})

test('one seed has no interval', () => {
  const input = { scores: made(1, 5), test: { weights: ones(5) } }
  assert.equal(twoWayEstimate(input), null)
  assert.equal(hierarchicalBootstrap(input), null)
})
