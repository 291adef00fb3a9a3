import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minimumDetectable, pairedPower, seedsNeeded } from '../../../pipelines/statistics/power.js'
import { close, golden } from './golden.js'

test('power is what quadrature of the noncentral t gives', () => {
  for (const { effect, significance, power } of golden.power) {
    for (const [seeds, expected] of power) close(pairedPower({ effect, seeds, significance }), expected, 1e-8)
  }
})

test('seeds needed are those of statsmodels, rounded up', () => {
  for (const { effect, significance, needed } of golden.power) {
    if (needed === null) continue
    assert.equal(seedsNeeded({ difference: -5 * effect, deviation: 5, significance }), needed)
  }
})

test('one seed fewer than needed has not the power, so many have; what so many detect is no larger than asked', () => {
  for (const difference of [0.4, 1, 2.5]) {
    const seeds = seedsNeeded({ difference, deviation: 1, power: 0.9 }) as number
    assert.ok(pairedPower({ effect: difference, seeds }) >= 0.9)
    assert.ok(pairedPower({ effect: difference, seeds: seeds - 1 }) < 0.9)
    assert.ok((minimumDetectable({ seeds, deviation: 1, power: 0.9 }) as number) <= difference)
    assert.ok((minimumDetectable({ seeds: seeds - 1, deviation: 1, power: 0.9 }) as number) > difference)
  }
})

test('what is detectable scales with the deviation and has exactly the power asked for', () => {
  const least = minimumDetectable({ seeds: 5, deviation: 1 }) as number
  close(pairedPower({ effect: least, seeds: 5 }), 0.8, 1e-9)
  close(minimumDetectable({ seeds: 5, deviation: 0.02 }), 0.02 * least, 1e-9)
})

test('with no difference the power is the level, no number of seeds is enough, and one seed detects nothing', () => {
  close(pairedPower({ effect: 0, seeds: 7 }), 0.05, 1e-9)
  assert.equal(seedsNeeded({ difference: 0, deviation: 1 }), null)
  assert.equal(minimumDetectable({ seeds: 1, deviation: 1 }), null)
  assert.equal(seedsNeeded({ difference: 1, deviation: 0 }), 2)
  assert.equal(minimumDetectable({ seeds: 3, deviation: 0 }), 0)
})
