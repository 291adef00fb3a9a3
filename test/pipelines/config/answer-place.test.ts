import assert from 'node:assert/strict'
import { test } from 'node:test'
import { experimentSchema } from '../../../pipelines/config/schema.js'

const accepts = (answer: unknown) => experimentSchema.safeParse({ name: 'a', reward: { answer } }).success

test('the place of the final answer is a name, a tag, or a pattern of RE2 with one group', () => {
  for (const answer of ['auto', 'last-number', 'first-line', { tag: 'answer' }, { pattern: 'Score: (\\d+)' }]) {
    assert.ok(accepts(answer), JSON.stringify(answer))
  }
  const refused = ['nowhere', { tag: 'a b' }, { tag: '' }, { pattern: '(a' }, { pattern: 'a' }, { pattern: '(a)(b)' }]
  for (const answer of refused) assert.ok(!accepts(answer), JSON.stringify(answer))
})
