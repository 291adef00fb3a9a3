import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { philox, stream } from '../../pipelines/random.js'

// Known answers of the authors' Random123 library, file kat_vectors, rows `philox4x32 10`.
const knownAnswers = [
  { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
] as const

test('philox gives the known answers of its authors', () => {
  for (const { counter, key, words } of knownAnswers) assert.deepEqual(philox([...counter], [...key]), [...words])
})

test('a number depends on its name alone, not on what was drawn before', () => {
  const first = stream(7, 'rollout')
  const second = stream(7, 'rollout')
  first.uniform(1, 2, 3, 4)
  assert.equal(first.uniform(5, 6, 7, 8), second.uniform(5, 6, 7, 8))
  assert.notEqual(first.uniform(1), stream(8, 'rollout').uniform(1))
  assert.notEqual(first.uniform(1), stream(7, 'shuffle').uniform(1))
})

test('uniform numbers lie in [0, 1), are exact in float32, and fill the interval evenly', () => {
  const { uniform } = stream(1, 'test')
  const counts = new Array<number>(10).fill(0)
  for (let index = 0; index < 20000; index++) {
    const u = uniform(index)
    assert.ok(u >= 0 && u < 1 && Math.fround(u) === u)
    counts[Math.floor(u * 10)]!++
  }
  const chiSquare = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)
  assert.ok(chiSquare < 27.9, `chi-square ${chiSquare} on 9 degrees of freedom, 99.9% point 27.9`)
})

test('normal numbers have mean 0 and variance 1', () => {
  const { normal } = stream(3, 'test')
  const drawn = Array.from({ length: 20000 }, (_, index) => normal(index))
  const mean = drawn.reduce((sum, x) => sum + x, 0) / drawn.length
  const variance = drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length
  assert.ok(Math.abs(mean) < 0.03 && Math.abs(variance - 1) < 0.05, `mean ${mean}, variance ${variance}`)
})

test('a permutation holds every index once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.nat(), fc.nat(), (n, seed, counter) => {
      const order = stream(seed, 'permutation').permutation(n, counter)
      assert.deepEqual(
        [...order].sort((a, b) => a - b),
        Array.from({ length: n }, (_, index) => index),
      )
    }),
  )
})
