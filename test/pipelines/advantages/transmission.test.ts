import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  isCancelled,
  signalOf,
  type TransmissionRow,
  transmissionError,
  transmission as transmissionOf,
} from '../../../pipelines/advantages/transmission.js'

const transmission = (rows: readonly TransmissionRow[]) => transmissionOf([signalOf(rows)])

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

test('over several steps it is a ratio of sums: a step counts by its signal, and one with an empty fifth is no gap', () => {
  const strong = rows(scale => scale).map(row => ({ ...row, withValue: 9 * row.withValue, without: 9 * row.without }))
  const cancelled = rows(() => 1)
  const silentBelow = rows(scale => scale).map((row, index) => (index < 2 ? { ...row, withValue: 0, without: 0 } : row))
  const found = transmissionOf([strong, cancelled].map(signalOf))
  const plain = transmissionOf([strong, cancelled, silentBelow].map(signalOf))
  // Nine parts of ten pass the scale on, one does not; by hand from the sums.
  assert.ok(Math.abs((found?.transmission ?? 0) - 0.9) < 0.02, String(found?.transmission))
  assert.ok(plain !== null && transmission(silentBelow) === null)
})

test('its error is the jackknife over steps: 0 where every step says the same, and that of a mean where the scales are the same', () => {
  const same = Array.from({ length: 8 }, () => signalOf(rows(scale => scale)))
  assert.ok((transmissionError(same) ?? 1) < 1e-12)
  assert.equal(transmissionError(same.slice(0, 1)), null)
  // Bottom fixed, top advantage x_i against scale 2: the transmission is the mean of x_i, less 1.
  const sizes = [1.2, 1.9, 1.4, 1.7, 2.1]
  const steps = sizes.map(size => ({
    top: { withValue: size, without: 1, scaled: 2 },
    bottom: { withValue: 1, without: 1, scaled: 1 },
  }))
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length
  const variance = sizes.reduce((sum, size) => sum + (size - mean) ** 2, 0) / (sizes.length - 1)
  assert.ok(Math.abs((transmissionOf(steps)?.transmission ?? 0) - (mean - 1)) < 1e-12)
  assert.ok(Math.abs((transmissionError(steps) ?? 0) - Math.sqrt(variance / sizes.length)) < 1e-12)
})

test('cancelled is what shows as 0.00', () => {
  assert.ok(isCancelled(0.004) && isCancelled(-0.004) && !isCancelled(0.006))
})
