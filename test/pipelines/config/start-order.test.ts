import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SweepPlan } from '../../../pipelines/config/schema.js'
import { startOrder } from '../../../pipelines/config/start-order.js'
import { tinySweep } from '../../workflows/tiny.js'

const plan = (arms: number, seeds: number[], concurrency: number) =>
  tinySweep('order', Object.fromEntries(Array.from({ length: arms }, (_, index) => [`arm-${index}`, {}])), {
    seeds,
    concurrency,
  })

const namesOf = (sweep: SweepPlan) => startOrder(sweep).map(({ arm, seed }) => `${arm}/${seed}`)

test('seeds that run at once go through all arms before the next', () => {
  const names = namesOf(plan(2, [1, 2, 3, 4], 2))
  assert.deepEqual(names.slice(0, 4), ['arm-0/1', 'arm-0/2', 'arm-1/1', 'arm-1/2'])
  assert.deepEqual(names.slice(4), ['arm-0/3', 'arm-0/4', 'arm-1/3', 'arm-1/4'])
})

test('seeds that are left over warm up beside the arms of those before them, and train at the end', () => {
  assert.deepEqual(namesOf(plan(3, [1, 2, 3], 2)), [
    ...['arm-0/1', 'arm-0/2', 'arm-0/3', 'arm-1/1', 'arm-1/2', 'arm-2/1', 'arm-2/2'],
    ...['arm-1/3', 'arm-2/3'],
  ])
  assert.deepEqual(namesOf(plan(2, [1], 2)), ['arm-0/1', 'arm-1/1'])
})

test('arms with another policy have a separate warm start to begin early', () => {
  const larger = { policy: { width: 32, mlpWidth: 64 } } as never
  const sweep = tinySweep('sizes', { a: {}, b: {}, c: larger, d: larger }, { seeds: [1, 2, 3], concurrency: 2 })
  assert.deepEqual(namesOf(sweep), [
    ...['a/1', 'a/2', 'a/3', 'b/1', 'b/2', 'c/1', 'c/2', 'c/3', 'd/1', 'd/2'],
    ...['b/3', 'd/3'],
  ])
})

test('every arm meets every seed once, with the seed in its config', () => {
  const seeds = fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), seeds, fc.integer({ min: 1, max: 8 }), (arms, chosen, concurrency) => {
      const cells = startOrder(plan(arms, chosen, concurrency))
      assert.equal(cells.length, arms * chosen.length)
      assert.equal(new Set(cells.map(({ arm, seed }) => `${arm}/${seed}`)).size, cells.length)
      assert.ok(cells.every(({ seed, config }) => config.seed === seed))
    }),
  )
})
