import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ClaimRule, judge, ruleInWords } from '../../../pipelines/statistics/claim-rule.js'

const gain: ClaimRule = { direction: 'gain', smallest: 0, significance: 0.05 }
const evidence = (low: number, high: number, p: number | null = 0.01) => ({ interval: { low, high }, p })

test('a gain is supported by an interval above 0 with a corrected p below the level, and by nothing less', () => {
  assert.equal(judge(evidence(0.01, 0.05), gain), 'supported')
  assert.equal(judge(evidence(0.01, 0.05, 0.05), gain), 'undecided')
  assert.equal(judge(evidence(0.01, 0.05, null), gain), 'undecided')
  assert.equal(judge(evidence(-0.01, 0.05), gain), 'undecided')
  assert.equal(judge({ interval: null, p: null }, gain), 'undecided')
})

test('a gain is not supported where the interval holds none of interest, however certain a small one is', () => {
  const rule = { ...gain, smallest: 0.02 }
  assert.equal(judge(evidence(-0.05, -0.01), gain), 'not supported')
  assert.equal(judge(evidence(0.001, 0.015), gain), 'supported')
  assert.equal(judge(evidence(0.001, 0.015), rule), 'not supported')
  assert.equal(judge(evidence(-0.09, 0.01), rule), 'not supported')
  assert.equal(judge(evidence(0.001, 0.025), rule), 'supported')
  assert.equal(judge(evidence(-0.001, 0.025), rule), 'undecided')
})

test('a difference either way is not supported when the interval lies inside the smallest of interest', () => {
  const rule: ClaimRule = { direction: 'difference', smallest: 0.02, significance: 0.05 }
  assert.equal(judge(evidence(-0.01, 0.015), rule), 'not supported')
  assert.equal(judge(evidence(-0.05, -0.01), rule), 'supported')
  assert.equal(judge(evidence(-0.03, 0.01), rule), 'undecided')
  assert.equal(judge(evidence(-0.001, 0.001), { ...rule, smallest: 0 }), 'undecided')
})

test('a loss is judged as the gain of the other sign', () => {
  const ends = fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))
  fc.assert(
    fc.property(
      ends,
      fc.double({ min: 0, max: 0.1, noNaN: true }),
      fc.constantFrom(0, 0.05),
      ([low, width], p, smallest) => {
        const high = low + width
        assert.equal(
          judge({ interval: { low: -high, high: -low }, p }, { direction: 'loss', smallest, significance: 0.05 }),
          judge({ interval: { low, high }, p }, { ...gain, smallest }),
        )
      },
    ),
  )
})

test('a smaller p never takes support away, and a claim is never both', () => {
  const ends = fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(
      ends,
      share,
      share,
      fc.constantFrom('gain', 'loss', 'difference'),
      ([low, width], p, times, direction) => {
        const rule: ClaimRule = { direction, smallest: 0.1, significance: 0.05 }
        const before = judge({ interval: { low, high: low + width }, p }, rule)
        const after = judge({ interval: { low, high: low + width }, p: p * times }, rule)
        assert.ok(after === before || (before === 'undecided' && after === 'supported'))
      },
    ),
  )
})

test('the rule is said in words, with the smallest difference where one was named', () => {
  const words = { interval: 'its interval', p: 'p (Holm)', shown: (size: number) => `${100 * size} points` }
  assert.equal(
    ruleInWords(gain, words),
    'A gain is supported when its interval lies above 0 and p (Holm) is below 0.05; not supported when the interval lies below 0; else undecided.',
  )
  assert.match(
    ruleInWords({ ...gain, smallest: 0.5 }, words),
    /when the interval holds no gain of 50 points, the smallest of interest;/,
  )
  assert.match(ruleInWords({ ...gain, direction: 'difference', smallest: 0.5 }, words), /lies inside ±50 points/)
  assert.ok(!ruleInWords({ ...gain, direction: 'difference' }, words).includes('not supported'))
})
