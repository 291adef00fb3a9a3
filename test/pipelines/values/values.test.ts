import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { syntheticItems } from '../../../pipelines/data/synthetic/items.js'
import { normalizeValues } from '../../../pipelines/values/normalize.js'
import { valueStatistics } from '../../../pipelines/values/statistics.js'

const anyValues = fc.array(fc.record({ points: fc.integer({ min: 1, max: 100 }), more: fc.nat({ max: 100 }) })).map(
  rows =>
    normalizeValues(
      rows.map(({ points, more }, index) => ({ id: `item-${index}`, section: 'a', points, total: points + more })),
      { alpha: 10 },
    ).values,
)

test('the value of an item is its points over the total of its exam', () => {
  const { values } = normalizeValues(
    [
      { id: 'a', section: 'x', points: 2.5, total: 50 },
      { id: 'b', section: 'y', points: 7, total: 7 },
    ],
    { alpha: 10 },
  )
  assert.deepEqual(values, [
    { itemId: 'a', section: 'x', points: 2.5, total: 50, value: 0.05 },
    { itemId: 'b', section: 'y', points: 7, total: 7, value: 1 },
  ])
})

test('points that are no share of the total are refused', () => {
  for (const [points, total] of [
    [0, 1],
    [-1, 1],
    [2, 1],
    [1, 0],
    [Number.NaN, 1],
    [1, Number.POSITIVE_INFINITY],
  ] as const) {
    assert.throws(() => normalizeValues([{ id: 'a', section: 'x', points, total }], { alpha: 10 }), {
      kind: 'DataInvalid',
      message: /item a/,
    })
  }
})

test('the synthetic exam v7 has the statistics that its composition gives', () => {
  const { train } = syntheticItems({
    exam: 'v7',
    style: 'symbols',
    trainPapers: 100,
    testItemsPerSection: 1,
    seed: 1,
    testSeed: 2,
  })
  const { statistics } = normalizeValues(train, { alpha: 10 })
  assert.equal(statistics.n, 2000)
  assert.ok(Math.abs(statistics.mean - 0.05) < 1e-12)
  // Items worth 0.12 and 0.25: 3 of 20.
  assert.equal(statistics.shareClipped, 0.15)
  assert.deepEqual(statistics.quantiles, {
    '0': 0.01,
    '0.05': 0.01,
    '0.25': 0.01,
    '0.5': 0.01,
    '0.75': 0.08,
    '0.95': 0.25,
    '1': 0.25,
  })
  const filled = statistics.histogram.filter(({ count }) => count > 0).map(({ from, count }) => [from, count])
  assert.deepEqual(filled, [
    [0, 1400],
    [0.075, 300],
    [0.1, 100],
    [0.25, 200],
  ])
})

test('quantiles are those of numpy', () => {
  // numpy.quantile([.1, .2, .4, .7, 1], [0, .05, .25, .5, .75, .95, 1]) -> [0.1, 0.12, 0.2, 0.4, 0.7, 0.94, 1.0]
  const { quantiles } = valueStatistics([0.7, 0.1, 1, 0.4, 0.2], { alpha: 10 })
  const expected = { '0': 0.1, '0.05': 0.12, '0.25': 0.2, '0.5': 0.4, '0.75': 0.7, '0.95': 0.94, '1': 1 }
  for (const [share, value] of Object.entries(expected))
    assert.ok(Math.abs((quantiles[share] ?? 0) - value) < 1e-12, share)
})

test('every value falls into one bin of the histogram, the bin that holds it', () => {
  fc.assert(
    fc.property(anyValues, values => {
      const numbers = values.map(({ value }) => value)
      const { histogram } = valueStatistics(numbers, { alpha: 10 })
      assert.equal(
        histogram.reduce((sum, { count }) => sum + count, 0),
        numbers.length,
      )
      for (const [index, { from, to, count }] of histogram.entries()) {
        const last = index === histogram.length - 1
        const inside = numbers.filter(
          value => value >= from - 1e-9 && (value < to - 1e-9 || (last && value <= to + 1e-9)),
        )
        assert.equal(count, inside.length)
      }
    }),
  )
})

test('clipping starts above the cap over alpha', () => {
  assert.equal(valueStatistics([0.05, 0.1, 0.11, 0.3], { alpha: 10 }).shareClipped, 0.5)
  assert.equal(valueStatistics([0.05, 0.1, 0.11, 0.3], { alpha: 10, cap: 3 }).shareClipped, 0)
})

test('bonus questions that are allowed have values above 1', () => {
  const item = { id: 'a', section: 'x', points: 12, total: 10 }
  const { values, statistics } = normalizeValues([item], { alpha: 10, bonus: 'allow' })
  assert.equal(values[0]?.value, 1.2)
  assert.equal(statistics.histogram.at(-1)?.to, 2)
  assert.equal(
    statistics.histogram.reduce((sum, { count }) => sum + count, 0),
    1,
  )
})
