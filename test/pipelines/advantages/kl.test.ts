import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { klOfResponse, klTerms } from '../../../pipelines/advantages/kl.js'
import { RlevError } from '../../../pipelines/errors.js'

test('k1, k2 and k3 of one token, by hand', () => {
  // pi = 0.5, ref = 0.25: log ratio ln 2
  const { k1, k2, k3 } = klTerms(Math.log(0.5), Math.log(0.25))
  assert.ok(Math.abs(k1 - Math.LN2) < 1e-15)
  assert.ok(Math.abs(k2 - Math.LN2 ** 2 / 2) < 1e-15)
  assert.ok(Math.abs(k3 - (0.5 - 1 + Math.LN2)) < 1e-15)
})

test('over a whole distribution k1 and k3 average to the divergence', () => {
  const policy = [0.6, 0.3, 0.1]
  const reference = [0.2, 0.5, 0.3]
  const divergence = policy.reduce((sum, p, index) => sum + p * Math.log(p / (reference[index] ?? 1)), 0)
  const mean = (key: 'k1' | 'k3') =>
    policy.reduce((sum, p, index) => sum + p * klTerms(Math.log(p), Math.log(reference[index] ?? 1))[key], 0)
  assert.ok(Math.abs(mean('k1') - divergence) < 1e-12)
  assert.ok(Math.abs(mean('k3') - divergence) < 1e-12)
})

test('k2 and k3 are never negative, and 0 where the policies agree', () => {
  const logProb = fc.double({ min: -30, max: 0, noNaN: true })
  fc.assert(
    fc.property(logProb, logProb, (own, reference) => {
      const { k2, k3 } = klTerms(own, reference)
      assert.ok(k2 >= 0 && k3 >= -1e-12)
      assert.deepEqual(klTerms(own, own), { k1: 0, k2: 0, k3: 0 })
    }),
  )
})

test('a response sums over its tokens, and lacks its reference with an error', () => {
  const sum = klOfResponse({ itemId: 'a', logProbs: [-1, -1], referenceLogProbs: [-2, -0.5] })
  assert.equal(sum.k1, 0.5)
  assert.equal(sum.k2, 0.625)
  assert.throws(() => klOfResponse({ itemId: 'a', logProbs: [-1] }), RlevError)
  assert.throws(() => klOfResponse({ itemId: 'a', logProbs: [-1], referenceLogProbs: [] }), RlevError)
})
