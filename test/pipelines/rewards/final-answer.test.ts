import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnswerPlace, finalAnswer } from '../../../pipelines/rewards/final-answer.js'

const of = (text: string, answer: AnswerPlace) => finalAnswer({ text, finish: 'stop', answer })

test('after-hash takes everything from the first # to the end', () => {
  assert.equal(of('0714#21', 'after-hash'), '21')
  assert.equal(of('#2#1', 'after-hash'), '2#1')
  assert.equal(of('21', 'after-hash'), null)
  assert.equal(of('12# ', 'after-hash'), null)
})

test('boxed takes the last box, with balanced braces, and nothing from an open one', () => {
  assert.equal(of(String.raw`\boxed{1} then \boxed{\frac{3}{4}}.`, 'boxed'), String.raw`\frac{3}{4}`)
  assert.equal(of(String.raw`\boxed{a\}b}`, 'boxed'), String.raw`a\}b`)
  assert.equal(of(String.raw`\boxed{1} and \boxed{2`, 'boxed'), null)
  assert.equal(of('3', 'boxed'), null)
})

test('last-line skips empty lines at the end, whole keeps all', () => {
  assert.equal(of('so\nthe answer\r\n 42 \n\n', 'last-line'), '42')
  assert.equal(of(' a\nb ', 'whole'), 'a\nb')
  assert.equal(of(' \n', 'whole'), null)
})

test('a response cut off at the limit has no final answer in any form', () => {
  const places: AnswerPlace[] = ['after-hash', 'boxed', 'last-line', 'whole']
  for (const answer of places) {
    assert.equal(finalAnswer({ text: String.raw`#\boxed{4}`, finish: 'length', answer }), null)
  }
})
