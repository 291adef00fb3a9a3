import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { judgeMessages } from '../../../pipelines/rewards/judge/prompt.js'
import { judgeQuestion, questionDigest } from '../../../pipelines/rewards/judge/question.js'
import { readVerdict } from '../../../pipelines/rewards/judge/verdict.js'

const item = { prompt: '1+1=', answer: '2' }
const body = (content: unknown) => JSON.stringify({ choices: [{ message: { content } }] })

test('the final part of a response is what a judge is asked about', () => {
  const question = judgeQuestion({ response: { text: 'well #two', finish: 'stop' }, item, answer: 'after-hash' })
  assert.deepEqual(question, { question: '1+1=', reference: '2', answer: 'two' })
  const chat = [{ role: 'user', content: 'which?' }]
  const choice = { prompt: chat, answer: 'B', choices: ['1', '2'] }
  assert.deepEqual(judgeQuestion({ response: { text: '(B)', finish: 'stop' }, item: choice, answer: 'whole' }), {
    question: 'user: which?',
    reference: 'B',
    options: ['1', '2'],
    answer: '(B)',
  })
})

test('a response that was cut off, has no final part or a boundless one is wrong unasked; a boundless reference leaves it unscored', () => {
  const of = (response: { text: string; finish: 'stop' | 'length' }, about = item) =>
    judgeQuestion({ response, item: about, answer: 'after-hash' })
  assert.equal(of({ text: '#2', finish: 'length' }), 'wrong')
  assert.equal(of({ text: '2', finish: 'stop' }), 'wrong')
  assert.equal(of({ text: `#${'2'.repeat(20_000)}`, finish: 'stop' }), 'wrong')
  assert.equal(of({ text: '#2', finish: 'stop' }, { ...item, answer: '2'.repeat(20_000) }), 'unscored')
  assert.equal(of({ text: '#2', finish: 'stop' }, { ...item, prompt: '2'.repeat(200_000) }), 'unscored')
})

test('one of two words is a verdict, and nothing else is', () => {
  for (const text of ['SAME', 'same', ' Same.\n']) assert.deepEqual(readVerdict(body(text)), { verdict: 'correct' })
  for (const text of ['DIFFERENT', 'different.']) assert.deepEqual(readVerdict(body(text)), { verdict: 'wrong' })
  const others = ['', 'NOT SAME', 'SAME?', '**SAME**', '<b>SAME</b>', '{"verdict":"SAME"}', 'correct', 'yes', 'SAME..']
  for (const text of others) assert.ok('nonsense' in readVerdict(body(text)), text)
  for (const content of [null, 1, ['SAME'], { text: 'SAME' }]) assert.ok('nonsense' in readVerdict(body(content)))
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), text => {
      assert.ok('nonsense' in readVerdict(text))
    }),
  )
})

test('no text of an answer ends its own and begins another', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (question, reference, answer) => {
      const [system, user, ...more] = judgeMessages({ question, reference, answer })
      assert.equal(more.length, 0)
      assert.deepEqual([system?.role, user?.role], ['system', 'user'])
      assert.deepEqual(JSON.parse(user?.content ?? ''), { question, reference, answer })
    }),
  )
})

test('a question is another one when any part of it or the model is', () => {
  const one = { question: 'q', reference: 'r', answer: 'a' }
  const digests = [
    questionDigest(one, 'm'),
    questionDigest(one, 'n'),
    questionDigest({ ...one, question: 'r' }, 'm'),
    questionDigest({ ...one, reference: 'q' }, 'm'),
    questionDigest({ ...one, answer: 'b' }, 'm'),
    questionDigest({ ...one, options: ['a'] }, 'm'),
  ]
  assert.equal(new Set(digests).size, digests.length)
})
