import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutPresentation } from '../../../pipelines/rewards/presentation.js'
import type { Verdict } from '../../../pipelines/rewards/verdict.js'
import { readChoices } from '../../../pipelines/rewards/verifiers/choice.js'
import { plainNumber, readExactly, toDouble } from '../../../pipelines/rewards/verifiers/number.js'
import { verify } from '../../../pipelines/rewards/verify.js'
import { plainRules } from './plain-rules.js'

type Verifier = 'exact' | 'numeric' | 'choice'

function verdict(verifier: Verifier, text: string, answer: string, choices?: string[], tolerance = 1e-6): Verdict {
  return verify({
    response: { text, finish: 'stop' },
    item: { section: 'all', points: 1, answer, ...(choices === undefined ? {} : { choices }) },
    reward: { ...plainRules, verifier, tolerance, answer: 'whole' },
  }).verdict
}

test('exact: case, white space and full-width forms do not count', () => {
  assert.equal(verdict('exact', '  North   Pole\n', 'north pole'), 'correct')
  assert.equal(verdict('exact', '１２３', '123'), 'correct')
  assert.equal(verdict('exact', 'ＡＢＣ　ｄ', 'abc D'), 'correct')
  assert.equal(verdict('exact', '光合作用', '光合作用'), 'correct')
  assert.equal(verdict('exact', '光合作用。', '光合作用'), 'correct')
  assert.equal(verdict('exact', '123', '1234'), 'wrong')
})

test('exact: an empty reference is unscored, whatever the response says', () => {
  assert.equal(verdict('exact', '1', ' '), 'unscored')
  assert.equal(verdict('exact', '', ''), 'unscored')
})

/** As a double, without presentation and unit. */
function readNumber(text: string): number | null {
  const number = readExactly(plainNumber(withoutPresentation(text)))
  return number === null ? null : toDouble(number)
}

test('numbers are read however they are written', () => {
  const readings: [string, number | null][] = [
    ['42', 42],
    ['-42', -42],
    ['− 42', -42],
    ['+4.50', 4.5],
    ['.5', 0.5],
    ['5.', 5],
    ['1,234.5', 1234.5],
    ['1,234,567', 1234567],
    ['12,34', null],
    ['3/4', 0.75],
    ['-3 / 4', -0.75],
    ['1 1/2', 1.5],
    ['½', 0.5],
    ['2½', 2.5],
    ['3/0', null],
    ['12.5%', 0.125],
    ['12.3%', 0.123],
    ['１２．５％', 0.125],
    ['－３', -3],
    ['1.5e3', 1500],
    ['1.5E-3', 0.0015],
    ['1.5 × 10^3', 1500],
    [String.raw`2\times 10^{-2}`, 0.02],
    [String.raw`\frac{3}{4}`, 0.75],
    [String.raw`-\dfrac{1}{2}`, -0.5],
    [String.raw`$12\%$`, 0.12],
    ['10²', null],
    ['1e999', null],
    ['5 cm', null],
    ['', null],
    ['1-2', null],
    ['Infinity', null],
    ['0x10', null],
  ]
  for (const [text, expected] of readings) assert.equal(readNumber(text), expected, text)
})

test('numeric: equal within the relative tolerance, unscored when the reference is no number', () => {
  assert.equal(verdict('numeric', '0.75', '3/4'), 'correct')
  assert.equal(verdict('numeric', '50%', '0.5'), 'correct')
  assert.equal(verdict('numeric', '50', '50%'), 'wrong')
  assert.equal(verdict('numeric', '100.9', '100', undefined, 0.01), 'correct')
  assert.equal(verdict('numeric', '101.1', '100', undefined, 0.01), 'wrong')
  assert.equal(verdict('numeric', '-100.9', '-100', undefined, 0.01), 'correct')
  assert.equal(verdict('numeric', '-101', '-100', undefined, 0.01), 'wrong', 'integers are compared exactly')
  assert.equal(verdict('numeric', '1e-9', '0', undefined, 0.01), 'wrong')
  assert.equal(verdict('numeric', 'seven', '7'), 'wrong')
  assert.equal(verdict('numeric', '7', 'seven'), 'unscored')
})

const cities = ['London', 'Paris', 'Rome', 'Bonn']

test('choice: letter, letter with text and option text name the same option', () => {
  for (const text of [
    'B',
    'b',
    '(B)',
    'B.',
    'Ｂ',
    'B. Paris',
    '(b) paris',
    'B、Paris',
    'Paris',
    'Answer: B',
    '答案是B',
    '选B。',
  ]) {
    assert.equal(verdict('choice', text, 'B', cities), 'correct', text)
    assert.equal(verdict('choice', text, 'Paris', cities), 'correct', text)
  }
  for (const text of ['C', 'Rome', 'B. Rome', 'A, B', 'E', 'Madrid', '']) {
    assert.equal(verdict('choice', text, 'B', cities), 'wrong', text)
  }
})

test('choice: several letters in any order and form', () => {
  for (const text of ['A, C', 'AC', 'CA', 'c and a', 'A、C', '(A)(C)', 'A C', 'London, Rome']) {
    assert.equal(verdict('choice', text, 'AC', cities), 'correct', text)
  }
  for (const text of ['A', 'ABC', 'AAC', 'ac']) assert.equal(verdict('choice', text, 'A,C', cities), 'wrong', text)
})

test('choice: an option that reads like letters is taken as the option', () => {
  assert.deepEqual(readChoices('AC', ['DC', 'AC', 'none']), [1])
  assert.deepEqual(readChoices('AC', ['red', 'green', 'blue']), [0, 2])
})

test('choice: a reference that names no option is unscored', () => {
  assert.equal(verdict('choice', 'A', 'Madrid', cities), 'unscored')
  assert.equal(verdict('choice', 'A', 'F', cities), 'unscored')
  assert.equal(verdict('choice', 'A', 'Paris'), 'unscored')
  assert.equal(verdict('choice', 'B. whatever', 'B'), 'correct')
})
