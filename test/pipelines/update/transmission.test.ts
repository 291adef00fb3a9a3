import assert from 'node:assert/strict'
import { test } from 'node:test'
import { transmission } from '../../../pipelines/update/transmission.js'

const rows = (advantage: (scale: number) => number) =>
  Array.from({ length: 10 }, (_, index) => {
    const scale = 1 + index / 10
    return {
      value: (index + 1) / 100,
      scale,
      withValue: advantage(scale) * (1 + (index % 3)),
      without: 1 + (index % 3),
    }
  })

test('an estimator that multiplies by the scale transmits exactly 1, one that cancels it exactly 0', () => {
  assert.ok(Math.abs((transmission(rows(scale => scale))?.transmission ?? 0) - 1) < 1e-12)
  assert.ok(Math.abs(transmission(rows(() => 1))?.transmission ?? 1) < 1e-12)
})

test('a common factor changes nothing, half the effect on the scale is half the transmission', () => {
  assert.ok(Math.abs((transmission(rows(scale => 3 * scale))?.transmission ?? 0) - 1) < 1e-12)
  // Two rows of each value: bottom scales 1, top scales 2; advantages 1 and 1.5: (1.5 - 1) / (2 - 1).
  const halves = [0, 0, 0, 0, 1, 1, 1, 1].map(index => ({
    value: 0.01 + index,
    scale: 1 + index,
    withValue: 1 + index / 2,
    without: 1,
  }))
  const found = transmission(halves)
  assert.deepEqual(found, { scaleRatio: 2, advantageRatio: 1.5, transmission: 0.5 })
})

test('it is not defined without a difference in scale or without a signal in a fifth', () => {
  assert.equal(transmission(rows(() => 1).map(row => ({ ...row, scale: 1.7 }))), null)
  assert.equal(transmission(rows(scale => scale).map((row, index) => (index > 7 ? { ...row, without: 0 } : row))), null)
  assert.equal(transmission([]), null)
})
