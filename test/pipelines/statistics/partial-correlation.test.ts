import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pearson } from '../../../pipelines/statistics/correlation.js'
import { mean } from '../../../pipelines/statistics/estimate.js'
import { partialCorrelation } from '../../../pipelines/statistics/partial-correlation.js'

const triples = fc.array(
  fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })),
  { minLength: 6, maxLength: 20 },
)

function residuals(y: readonly number[], z: readonly number[]): number[] {
  const [centreY, centreZ] = [mean(y), mean(z)]
  const at = (index: number) => (z[index] ?? 0) - centreZ
  const slope =
    y.reduce((sum, value, index) => sum + (value - centreY) * at(index), 0) /
    z.reduce((sum, _, index) => sum + at(index) ** 2, 0)
  return y.map((value, index) => value - centreY - slope * at(index))
}

test('with equal weights it is the correlation of what is left of both sides after a line on the third', () => {
  fc.assert(
    fc.property(triples, rows => {
      const [x, y, z] = [0, 1, 2].map(place => rows.map(row => row[place] ?? 0)) as [number[], number[], number[]]
      fc.pre(new Set(z).size > 1)
      const [left, right] = [residuals(x, z), residuals(y, z)]
      const spread = (values: readonly number[]) => values.reduce((sum, value) => sum + value * value, 0)
      fc.pre(spread(left) > 1e-6 && spread(right) > 1e-6)
      const found = partialCorrelation(
        x,
        y,
        x.map(() => 1),
        z,
      )
      assert.ok(Math.abs((found ?? Number.NaN) - (pearson(left, right).r ?? Number.NaN)) < 1e-7)
    }),
  )
})

test('a weight of 3 is the row three times; a third side that does not vary takes nothing away', () => {
  const [x, y, z, weights] = [
    [1, 4, 2, 6, 3],
    [2, 3, 5, 9, 1],
    [1, 1, 2, 5, 2],
    [3, 1, 1, 2, 1],
  ]
  const repeated = (values: readonly number[]) =>
    values.flatMap((value, index) => new Array<number>(weights[index] ?? 0).fill(value))
  const ones = repeated(weights).map(() => 1)
  const weighted = partialCorrelation(x, y, weights, z)
  assert.ok(Math.abs((weighted ?? 0) - (partialCorrelation(repeated(x), repeated(y), ones, repeated(z)) ?? 1)) < 1e-12)
  const flat = x.map(() => 0.5)
  assert.equal(partialCorrelation(x, y, weights, flat), partialCorrelation(x, y, weights, null))
})

test('there is none where a side does not vary, or not beyond the third', () => {
  const [x, ones] = [
    [1, 2, 3],
    [1, 1, 1],
  ]
  assert.equal(partialCorrelation(x, ones, ones, null), null)
  assert.equal(partialCorrelation(x, [1, 0, 2], ones, [2, 4, 6]), null)
})

test('items that fit a line or a plane whatever they are have no correlation; those without weight do not count', () => {
  const ones = [1, 1, 1, 1]
  assert.equal(partialCorrelation([1, 2], [5, 9], [1, 1], null), null)
  assert.equal(partialCorrelation([1, 2, 4], [5, 9, 7], [1, 1, 1], [2, 0, 1]), null)
  assert.equal(partialCorrelation([1, 2, 4, 3], [5, 9, 7, 1], [1, 1, 0, 0], null), null)
  assert.ok(partialCorrelation([1, 2, 4], [5, 9, 7], [1, 1, 1], null) !== null)
  assert.ok(partialCorrelation([1, 2, 4, 3], [5, 9, 7, 1], ones, [2, 0, 1, 1]) !== null)
})
