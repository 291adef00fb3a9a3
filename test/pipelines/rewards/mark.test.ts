import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { creditOf, keptMark, markOf } from '../../../pipelines/rewards/mark.js'
import { rewardOf } from '../../../pipelines/rewards/reward.js'

const credits = fc.double({ min: -1, max: 1, noNaN: true })

test('correct is full credit, wrong is less, unscored has none', () => {
  assert.deepEqual(markOf('correct'), { verdict: 'correct', credit: 1 })
  assert.deepEqual(markOf('wrong'), { verdict: 'wrong', credit: 0 })
  assert.deepEqual(markOf('unscored'), { verdict: 'unscored', credit: 0 })
  fc.assert(
    fc.property(credits, credit => {
      assert.deepEqual(markOf(credit), { verdict: credit === 1 ? 'correct' : 'wrong', credit: credit + 0 })
    }),
  )
  assert.ok(Object.is(markOf(-0).credit, 0))
})

test('a credit outside [-1, 1] is no credit', () => {
  for (const credit of [1.0000001, -1.0000001, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => markOf(credit), { kind: 'CallInvalid' })
  }
})

test('a record keeps a credit only if the verdict does not imply it', () => {
  assert.deepEqual(keptMark(markOf('correct')), { verdict: 'correct' })
  assert.deepEqual(keptMark(markOf(0)), { verdict: 'wrong' })
  assert.deepEqual(keptMark(markOf('unscored')), { verdict: 'unscored' })
  assert.deepEqual(keptMark(markOf(-0.5)), { verdict: 'wrong', credit: -0.5 })
  fc.assert(fc.property(credits, credit => assert.equal(creditOf(keptMark(markOf(credit))), credit + 0)))
})

test('credits of 1 and 0 give the scale and 0 bit for bit; others a share of the scale, with their sign', () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 1e6, noNaN: true }), scale => {
      assert.ok(Object.is(rewardOf({ ...keptMark(markOf('correct')), scale }), scale))
      assert.ok(Object.is(rewardOf({ ...keptMark(markOf('wrong')), scale }), 0))
      assert.ok(Object.is(rewardOf({ ...keptMark(markOf('unscored')), scale }), 0))
    }),
  )
  assert.equal(rewardOf({ ...markOf(0.75), scale: 2 }), 1.5)
  assert.equal(rewardOf({ ...markOf(-0.5), scale: 1.5 }), -0.75)
})
