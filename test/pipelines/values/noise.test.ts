import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { experimentSchema } from '../../../pipelines/config/schema.js'

import { type Noise, seenValues } from '../../../pipelines/values/noise.js'
import { normalizeValues } from '../../../pipelines/values/normalize.js'
import type { ItemValue } from '../../../pipelines/values/value.js'

const sections = ['primary', 'junior-high', 'senior-high', 'university', 'phd']
const defaults = experimentSchema.parse({ name: 'a' }).value

const see = (values: readonly ItemValue[], ablation: Noise, noise: number | null = null, seed = 1) =>
  seenValues(values, { ...defaults, ablation, noise }, { seed })

const valuesOf = (points: readonly number[], total: number): ItemValue[] =>
  normalizeValues(
    points.map((own, index) => ({ id: `item-${index}`, section: sections[index % 5] as string, points: own, total })),
    { alpha: 10 },
  ).values

const many = valuesOf(
  Array.from({ length: 1000 }, (_, index) => 1 + (index % 50)),
  1000,
)
const anyValues = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1 }).map(points => valuesOf(points, 100))
const anyAblation = fc.constantFrom<readonly [Noise, number | null]>(
  ['none', null],
  ['shuffled', null],
  ['permuted', 0.3],
  ['gaussian', 2],
  ['lognormal', 1.5],
  ['rounded', 3],
  ['weak', null],
)
const numbers = (values: readonly ItemValue[]) => values.map(({ value }) => value)
const changed = (seen: readonly ItemValue[], values = many) =>
  seen.filter(({ value }, index) => value !== values[index]?.value).length

test('whatever is done to values, items stay in their places, v is in (0, 1] and points over total, and a seed gives it again', () => {
  fc.assert(
    fc.property(anyValues, anyAblation, fc.nat(), (values, [ablation, noise], seed) => {
      const seen = see(values, ablation, noise, seed)
      const places = (of: readonly ItemValue[]) => of.map(({ itemId, section }) => `${itemId} ${section}`)
      assert.deepEqual(places(seen), places(values))
      for (const { value, points, total } of seen) {
        assert.ok(value > 0 && value <= 1)
        assert.ok(Math.abs(points / total - value) < 1e-12)
      }
      assert.deepEqual(see(values, ablation, noise, seed), seen)
    }),
  )
})

test('shuffled values are the same values over the same items, and lose their tie to them', () => {
  fc.assert(
    fc.property(anyValues, fc.nat(), (values, seed) => {
      assert.deepEqual(numbers(see(values, 'shuffled', null, seed)).sort(), numbers(values).sort())
    }),
  )
  const apart = valuesOf(
    Array.from({ length: 500 }, (_, index) => index + 1),
    500,
  )
  const first = see(apart, 'shuffled')
  assert.notDeepEqual(first, see(apart, 'shuffled', null, 2))
  assert.ok(changed(first, apart) > 490, 'one of 500 is expected to keep its own')
})

test('of permuted values only the share moves, among itself', () => {
  const seen = see(many, 'permuted', 0.3)
  assert.deepEqual(numbers(seen).sort(), numbers(many).sort())
  const moved = changed(seen)
  // Of 300 that are drawn one in 50 meets a value that equals its own.
  assert.ok(moved > 270 && moved <= 300, `${moved} of 300 moved`)
  assert.equal(changed(see(many, 'permuted', 0.999)) > 950, true)
})

test('gaussian noise has the deviation that the level says, in deviations of the true values', () => {
  // Far from 0 and 1, so that nothing is held.
  const middle = valuesOf(
    Array.from({ length: 4000 }, (_, index) => 450 + (index % 101)),
    1000,
  )
  const differences = numbers(see(middle, 'gaussian', 0.5)).map((value, index) => value - (middle[index]?.value ?? 0))
  const ratio = deviation(differences) / deviation(numbers(middle))
  assert.ok(Math.abs(ratio - 0.5) < 0.02, `${ratio}`)
})

test('lognormal noise multiplies: the logarithm moves by the level', () => {
  const logarithms = numbers(see(many, 'lognormal', 0.4)).map((value, index) =>
    Math.log(value / (many[index]?.value ?? 0)),
  )
  assert.ok(Math.abs(deviation(logarithms) - 0.4) < 0.03, `${deviation(logarithms)}`)
})

test('rounded values are as few as the grades, in the order of the true ones, and half a band off at most', () => {
  fc.assert(
    fc.property(anyValues, fc.integer({ min: 2, max: 9 }), (values, grades) => {
      const seen = numbers(see(values, 'rounded', grades))
      assert.ok(new Set(seen).size <= grades)
      const all = numbers(values)
      const band = (Math.max(...all) - Math.min(...all)) / grades
      for (const [index, value] of all.entries()) {
        assert.ok(Math.abs((seen[index] as number) - value) <= band / 2 + 1e-9)
        for (const [other, larger] of all.entries()) {
          if (larger > value) assert.ok((seen[other] as number) >= (seen[index] as number))
        }
      }
    }),
  )
})

test('weak labels are the points per hundred of the section, and a section without one is an error that names it', () => {
  assert.deepEqual(numbers(see(valuesOf([5, 5, 5, 5, 5, 9], 10), 'weak')), [0.01, 0.02, 0.04, 0.06, 0.08, 0.01])
  const strange = [{ ...(many[3] as ItemValue), section: 'oral' }]
  assert.throws(() => see(strange, 'weak'), {
    kind: 'DataInvalid',
    message: /item-3[\s\S]*primary, junior-high[\s\S]*oral/,
  })
})

function deviation(of: readonly number[]): number {
  const mean = of.reduce((sum, value) => sum + value, 0) / of.length
  return Math.sqrt(of.reduce((sum, value) => sum + (value - mean) ** 2, 0) / of.length)
}
