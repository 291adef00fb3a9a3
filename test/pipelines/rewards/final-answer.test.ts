import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnswerPlace, finalAnswer } from '../../../pipelines/rewards/final-answer.js'
import { verify } from '../../../pipelines/rewards/verify.js'
import { tinyConfig } from '../../workflows/tiny.js'

const of = (text: string, answer: AnswerPlace) => finalAnswer({ text, finish: 'stop', answer })

test('after-hash takes everything after the last run of #', () => {
  assert.equal(of('0714#21', 'after-hash'), '21')
  assert.equal(of('#2#1', 'after-hash'), '1')
  assert.equal(of('so 18\n#### 18', 'after-hash'), '18')
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

test('boxed reads fbox and a space before the brace', () => {
  assert.equal(of(String.raw`\boxed {18}`, 'boxed'), '18')
  assert.equal(of(String.raw`\boxed{1}. Or no: \fbox{2}`, 'boxed'), '2')
})

test('boxes that a comma, and or or joins are one answer of several values, not the last one', () => {
  for (const [text, answer] of [
    ['\\boxed{-2} and \\boxed{1}', '-2, 1'],
    ['\\boxed{1}, or \\fbox{2}', '1, 2'],
    ['$\\boxed{1}$, $\\boxed{2}$, and $\\boxed{3}$.', '1, 2, 3'],
    ['\\[\\boxed{1} \\quad\\text{or}\\quad \\boxed{\\frac{1}{2}}\\]', '1, \\frac{1}{2}'],
    ['x = \\boxed{3} and y = \\boxed{4}', '3, 4'],
    ['**\\boxed{A}** and **\\boxed{C}**', 'A, C'],
    ['\\boxed{1} 和 \\boxed{2}', '1, 2'],
  ] as const) {
    assert.equal(of(text, 'boxed'), answer, text)
    assert.equal(of(text, 'auto'), answer, text)
  }
})

test('boxes that something else divides are separate answers, of which the last counts', () => {
  for (const text of [
    '\\boxed{1} then \\boxed{2}',
    'First \\boxed{1}. And so \\boxed{2}',
    '\\boxed{1}, which is wrong, and \\boxed{2}',
    '\\boxed{1}\n\\boxed{2}',
    '\\boxed{} and \\boxed{2}',
    '\\boxed{\\boxed{2}}',
    '\\boxed{1} android \\boxed{2}',
  ])
    assert.equal(of(text, 'boxed'), '2', text)
  assert.equal(of('\\boxed{1}, \\boxed{2} then \\boxed{3} and \\boxed{4}', 'boxed'), '3, 4')
})

test('a hedge between two boxes is not signed by any verifier, and a pair is', () => {
  const base = tinyConfig('boxes').reward
  const verdict = (verifier: 'exact' | 'numeric' | 'choice', text: string, answer: string) =>
    verify({
      response: { text, finish: 'stop' },
      item: { answer, section: 's', points: 1 },
      reward: { ...base, verifier, answer: 'boxed' },
    }).verdict
  for (const verifier of ['exact', 'numeric', 'choice'] as const) {
    assert.notEqual(verdict(verifier, '\\boxed{-2} and \\boxed{1}', '1'), 'correct')
    assert.notEqual(verdict(verifier, '\\boxed{1}, \\boxed{234}', '1234'), 'correct', 'no thousands')
  }
  assert.equal(verdict('exact', '\\boxed{-2} and \\boxed{1}', '-2, 1'), 'correct')
  assert.equal(verdict('choice', '\\boxed{A} and \\boxed{C}', 'AC'), 'correct')
  assert.equal(verdict('choice', '\\boxed{A} or \\boxed{C}', 'C'), 'wrong')
})

test('first-line and last-number', () => {
  assert.equal(of('\nB\nbecause', 'first-line'), 'B')
  assert.equal(of('from 3 to 4 it is 1,234.5%, I think', 'last-number'), '1,234.5%')
  assert.equal(of('between x2 and 3rd there is −7.', 'last-number'), '−7')
  assert.equal(of('none', 'last-number'), null)
})

test('a tag is read between its last pair', () => {
  const tag = { tag: 'answer' }
  assert.equal(of('<answer>1</answer> no, <answer> 2 </answer>', tag), '2')
  assert.equal(of('<answer>1', tag), null)
  assert.equal(of('<result>1</result>', tag), null)
})

test('a pattern gives the group of its last match, in time that grows with the text alone', () => {
  assert.equal(of('Score: 1\nScore: 2', { pattern: '^Score: (\\d+)' }), '2')
  assert.equal(of('nothing', { pattern: 'Score: (\\d+)' }), null)
  assert.equal(of(`${'a'.repeat(100_000)}b`, { pattern: '(a+)+$' }), null)
})

test('auto takes tag, box, mark and last line in this order', () => {
  assert.equal(of('#### 1\n\\boxed{2} <answer>3</answer>', 'auto'), '3')
  assert.equal(of('\\boxed{2}\n#### 1', 'auto'), '2')
  assert.equal(of('so\n#### 1\nthat is it', 'auto'), '1\nthat is it')
  assert.equal(of('so # 4\nit is 5', 'auto'), 'it is 5')
})

test('what was thought before </think> is never the answer', () => {
  assert.equal(of('<think>#### 1 \\boxed{2}</think> #### 3', 'after-hash'), '3')
  assert.equal(of('<think>\\boxed{2}</think> three', 'boxed'), null)
  assert.equal(of('<think>hm</think>\n3', 'whole'), '3')
})

test('a response cut off at the limit has no final answer in any form', () => {
  const places: AnswerPlace[] = ['after-hash', 'boxed', 'last-line', 'whole', 'auto', { tag: 'answer' }]
  for (const answer of places) {
    assert.equal(finalAnswer({ text: String.raw`#\boxed{4}`, finish: 'length', answer }), null)
  }
})
