import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Item } from '../../../pipelines/data/item.js'
import { splitByExam } from '../../../pipelines/data/split.js'

function itemsOf(exams: readonly string[]): Item[] {
  return exams.map((exam, index) => ({
    id: `item-${index}`,
    exam,
    section: 'all',
    prompt: `${index}`,
    answer: '1',
    points: 1,
    total: 2,
    weight: 1,
  }))
}

const anyItems = fc
  .array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 200 })
  .map(exams => itemsOf(exams.map(exam => `exam ${exam}`)))
const anyShare = fc.double({ min: 0.01, max: 0.99, noNaN: true })

test('no exam is on both sides of a split, and no item is lost', () => {
  fc.assert(
    fc.property(anyItems, anyShare, fc.nat(), (items, testShare, seed) => {
      const { train, test: tested } = splitByExam(items, { testShare, seed })
      const trained = new Set(train.map(({ exam }) => exam))
      assert.ok(tested.every(({ exam }) => !trained.has(exam)))
      assert.deepEqual([...train, ...tested].map(({ id }) => id).sort(), items.map(({ id }) => id).sort())
      const exams = new Set(items.map(({ exam }) => exam)).size
      if (exams > 1) assert.ok(train.length > 0 && tested.length > 0)
    }),
  )
})

test('which exams are held out does not depend on the order of the rows', () => {
  fc.assert(
    fc.property(anyItems, anyShare, fc.nat(), (items, testShare, seed) => {
      const held = (of: readonly Item[]) =>
        [...new Set(splitByExam(of, { testShare, seed }).test.map(({ exam }) => exam))].sort()
      assert.deepEqual(held(items), held([...items].reverse()))
    }),
  )
})

test('the share is one of exams, and the seed chooses which', () => {
  const items = itemsOf(Array.from({ length: 200 }, (_, index) => `exam ${index % 40}`))
  const held = (seed: number) => new Set(splitByExam(items, { testShare: 0.25, seed }).test.map(({ exam }) => exam))
  assert.equal(held(1).size, 10)
  assert.deepEqual(held(1), held(1))
  assert.notDeepEqual(held(1), held(2))
})

test('a share of 1 holds out every exam, in the order of the items', () => {
  fc.assert(
    fc.property(anyItems, fc.nat(), (items, seed) => {
      assert.deepEqual(splitByExam(items, { testShare: 1, seed }), { train: [], test: items })
    }),
  )
})
