/**
 * Equality in mathematics. `math-pairs.txt`: two answers a line, ≡ if one is correct for the other and ≢ if it is wrong.
 * `math-distinct.txt`: no two lines are equal. `math-not-five.txt`: more than 5, less than 5, or something else about 5.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import type { MathRules } from '../../../pipelines/rewards/verifiers/math/values.js'
import { verifyMath } from '../../../pipelines/rewards/verifiers/math.js'

const rules: MathRules = { tolerance: 1e-6, absoluteTolerance: 0, units: 'convert' }
const folder = fileURLToPath(new URL('../../../../test/fixtures/answers', import.meta.url))
const lines = (name: string) => readFileSync(`${folder}/${name}`, 'utf8').split('\n').filter(Boolean)
const verdict = (answer: string, reference: string, given: Partial<MathRules> = {}) =>
  verifyMath({ answer, reference, rules: { ...rules, ...given } })

const pairs = lines('math-pairs.txt').map(line => {
  const [, first = '', sign, second = ''] = /^(.*) ([≡≢]) (.*)$/u.exec(line) ?? []
  return { first, second, expected: sign === '≡' ? 'correct' : 'wrong' }
})

for (const { first, second, expected } of pairs) {
  test(`math: ${second} for ${first} is ${expected}, and the other way round`, () => {
    assert.equal(verdict(second, first), expected)
    assert.equal(verdict(first, second), expected, 'exchanged')
  })
}

test('math: different answers are never correct for each other', () => {
  const distinct = lines('math-distinct.txt')
  for (const [index, reference] of distinct.entries()) {
    assert.equal(verdict(reference, reference), 'correct', reference)
    for (const answer of distinct.slice(index + 1)) {
      assert.notEqual(verdict(answer, reference), 'correct', `${answer} for ${reference}`)
    }
  }
})

test('math: what says more or less than 5 is not 5', () => {
  for (const answer of lines('math-not-five.txt')) assert.equal(verdict(answer, '5'), 'wrong', answer)
})

test('math: the verdict stays if answer and reference change places', () => {
  const texts = pairs.flatMap(({ first, second }) => [first, second])
  const text = fc.constantFrom(...texts)
  fc.assert(
    fc.property(text, text, (a, b) => verdict(a, b) === verdict(b, a)),
    { numRuns: 2000 },
  )
})

test('math: a reference that cannot be read, or in two ways, is unscored; such an answer is wrong', () => {
  for (const reference of ['', ' ', '\\frac{1}{', '1/2x', '2x3', '\\foo{x}', '1 2']) {
    assert.equal(verdict('5', reference), 'unscored', reference)
    assert.equal(verdict(reference, '5'), 'wrong', reference)
  }
  assert.equal(verifyMath({ answer: null, reference: '5', rules }), 'wrong')
})

test('math: units are asked for, ignored or converted', () => {
  assert.equal(verdict('5', '5\\text{ cm}', { units: 'require' }), 'wrong')
  assert.equal(verdict('50\\text{ mm}', '5\\text{ cm}', { units: 'require' }), 'correct')
  assert.equal(verdict('5\\text{ mm}', '5\\text{ cm}', { units: 'ignore' }), 'correct')
  assert.equal(verdict('50', '50\\%', { units: 'ignore' }), 'correct')
})

test('math: decimals are compared with the tolerance, exact values exactly', () => {
  assert.equal(verdict('0.33', '\\frac13', { absoluteTolerance: 0.01 }), 'correct')
  assert.equal(verdict('(0.33, 2)', '(\\frac13, 2)', { absoluteTolerance: 0.01 }), 'correct')
  assert.equal(verdict('\\frac{33}{100}', '\\frac13', { absoluteTolerance: 0.01 }), 'wrong')
  assert.equal(verdict('3', '\\pi', { absoluteTolerance: 0.5 }), 'wrong')
})

test('math: what would take long ends, without a wrong verdict', () => {
  const hostile = [
    '('.repeat(10_000),
    `${'{'.repeat(5000)}x${'}'.repeat(5000)}`,
    '|'.repeat(31),
    '\\'.repeat(10_000),
    '$'.repeat(9999),
    'a'.repeat(10_000),
    '1,'.repeat(5000),
    '9'.repeat(10_000),
    '9^'.repeat(3000),
    '9^{9^{9^9}}-9^{9^{9^9}}+6',
    '((((9!)!)!)!)!',
    '\\sum_{i=1}^{999}\\sum_{j=1}^{999}\\sum_{k=1}^{999}ijk',
    `5${'\\text{ a}'.repeat(900)}`,
    'sqrt('.repeat(1900),
  ]
  for (const text of hostile) {
    const began = performance.now()
    assert.notEqual(verdict(text, '5'), 'correct', text.slice(0, 40))
    assert.ok(performance.now() - began < 20_000, text.slice(0, 40))
  }
})
