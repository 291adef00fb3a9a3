import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layOutParagraphs } from '../../../commands/text/paragraphs.js'

test('sentences are wrapped beside their titles, within the terminal', () => {
  const text = 'one two three four five six seven eight nine ten'
  assert.deepEqual(layOutParagraphs([['Effect', text]], 42), [
    'Effect    one two three four five six',
    '          seven eight nine ten',
  ])
  assert.deepEqual(layOutParagraphs([['Effect', text]]), [`Effect    ${text}`])
  // A terminal so narrow would leave a word a line.
  assert.deepEqual(layOutParagraphs([['Effect', text]], 12), layOutParagraphs([['Effect', text]], 40))
})

test('a name that holds control characters does not reach the terminal with them', () => {
  assert.deepEqual(layOutParagraphs([['Effect', 'arm\u001b[2J wins']]), ['Effect    arm [2J wins'])
})
