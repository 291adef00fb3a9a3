import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { startOrder } from '../../../pipelines/config/start-order.js'
import { tinySweep } from '../../workflows/tiny.js'

const plan = (arms: number, seeds: number[], concurrency: number) =>
  tinySweep('order', Object.fromEntries(Array.from({ length: arms }, (_, index) => [`arm-${index}`, {}])), {
    seeds,
    concurrency,
  })

test('seeds that run at once go through all arms before the next', () => {
  const order = startOrder(plan(2, [1, 2, 3], 2)).map(({ arm, seed }) => `${arm}/${seed}`)
  assert.deepEqual(order, ['arm-0/1', 'arm-0/2', 'arm-1/1', 'arm-1/2', 'arm-0/3', 'arm-1/3'])
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
