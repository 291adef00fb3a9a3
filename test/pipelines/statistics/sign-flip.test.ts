import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { signFlipTest } from '../../../pipelines/statistics/sign-flip.js'
import { close, golden } from './golden.js'

const differences = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 9 })

test("exact p values are those of SciPy's permutation_test", () => {
  for (const { differences, sign_flip } of golden.paired) {
    const { p, exact, patterns } = signFlipTest(differences)
    assert.ok(exact && patterns === 2 ** differences.length)
    close(p, sign_flip, 1e-12)
  }
})

test('drawn patterns come within their error of the exact p, the same draws every time', () => {
  const { differences, exact } = golden.long_flip
  const found = signFlipTest(differences, { seed: 3, draws: 20_000 })
  assert.deepEqual(found, signFlipTest(differences, { seed: 3, draws: 20_000 }))
  assert.equal(found.exact, false)
  close(found.p, exact, 4 * Math.sqrt((exact * (1 - exact)) / 20_000))
  assert.notEqual(found.p, signFlipTest(differences, { seed: 4, draws: 20_000 }).p)
})

test('signs of more pairs than a block of bits holds are all drawn', () => {
  // One pair of 30 carries the sum: half of its signs are as extreme on either side, so p is 1 whatever the others.
  const lone = Array.from({ length: 30 }, (_, index) => (index === 29 ? 1 : 0))
  assert.equal(signFlipTest(lone, { draws: 500 }).p, 1)
  // Alike pairs: p is the chance of all heads or all tails, so only the count itself is left.
  assert.equal(signFlipTest(new Array(30).fill(0.1), { draws: 500 }).p, 1 / 501)
})

test('p is never 0: two of 2^n patterns are as extreme as one found, whatever it is', () => {
  fc.assert(
    fc.property(differences, values => {
      const { p } = signFlipTest(values)
      assert.ok(p !== null && p >= 2 / 2 ** values.length - 1e-15 && p <= 1)
      const drawn = signFlipTest(values, { exactUpTo: 0, draws: 50 }).p
      assert.ok(drawn !== null && drawn >= 1 / 51 && drawn <= 1)
    }),
  )
})

test('order, sign and scale of the differences do not matter', () => {
  fc.assert(
    fc.property(differences, fc.double({ min: 0.01, max: 100, noNaN: true }), (values, scale) => {
      const { p } = signFlipTest(values)
      assert.equal(signFlipTest(values.toReversed()).p, p)
      assert.equal(signFlipTest(values.map(value => -scale * value)).p, p)
    }),
  )
})

test('five pairs cannot come below 0.0625, six can; without a pair there is no p', () => {
  assert.equal(signFlipTest([1, 2, 3, 4, 5]).p, 0.0625)
  assert.equal(signFlipTest([1, 2, 3, 4, 5, 6]).p, 0.03125)
  assert.equal(signFlipTest([]).p, null)
})
