import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pearson, ranks, spearman } from '../../../pipelines/statistics/correlation.js'
import { close, golden } from './golden.js'

test("Pearson's r, its Fisher interval and p are SciPy's; Spearman's with Bonett and Wright's interval", () => {
  for (const one of golden.correlations) {
    assert.deepEqual(ranks(one.x), one.ranks)
    for (const kind of ['pearson', 'spearman'] as const) {
      const found = { pearson, spearman }[kind](one.x, one.y)
      const expected = one[kind]
      for (const [index, part] of [found.r, found.interval?.low, found.interval?.high, found.p].entries()) {
        close(part, expected[index] ?? Number.NaN, 1e-9)
      }
    }
  }
})

const pairs = fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 })), {
  minLength: 4,
  maxLength: 20,
})

test('shift and positive scale change nothing, a negative scale the sign; order of the pairs is nothing', () => {
  fc.assert(
    fc.property(pairs, fc.integer({ min: 1, max: 9 }), fc.integer({ min: -9, max: 9 }), (points, scale, shift) => {
      const [x, y] = [points.map(([a]) => a), points.map(([, b]) => b)]
      for (const correlate of [pearson, spearman]) {
        const { r } = correlate(x, y)
        const moved = correlate(
          x.map(value => scale * value + shift),
          y,
        )
        const turned = correlate(
          x.toReversed().map(value => -value),
          y.toReversed(),
        )
        if (r === null) return assert.ok(moved.r === null && turned.r === null)
        close(moved.r, r, 1e-9)
        close(turned.r, -r, 1e-9)
        close(correlate(y, x).r, r, 1e-12)
      }
    }),
  )
})

test("any rising transformation keeps Spearman's", () => {
  fc.assert(
    fc.property(pairs, points => {
      const [x, y] = [points.map(([a]) => a), points.map(([, b]) => b)]
      assert.deepEqual(spearman(x.map(Math.exp), y), spearman(x, y))
    }),
  )
})

test('a side that does not vary has no correlation; few pairs no interval and no p', () => {
  assert.deepEqual(pearson([1, 1, 1, 1], [1, 2, 3, 4]), { n: 4, r: null, interval: null, p: null })
  assert.deepEqual(spearman([1, 2, 3], [5, 6, 7]).interval, null)
  assert.equal(pearson([1, 2], [5, 7]).p, null)
  assert.equal(pearson([1], [2]).r, null)
})

test('a perfect correlation has p 0 and an interval of no width', () => {
  assert.deepEqual(pearson([1, 2, 3, 4, 5], [2, 4, 6, 8, 10]), { n: 5, r: 1, interval: { low: 1, high: 1 }, p: 0 })
})

test('two pairs lie on a line whatever they are, so they have no correlation', () => {
  for (const correlate of [pearson, spearman]) {
    assert.deepEqual(correlate([1, 2], [5, 9]), { n: 2, r: null, interval: null, p: null })
    assert.ok(correlate([1, 2, 3], [5, 9, 6]).r !== null)
  }
})
