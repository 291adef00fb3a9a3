/** What `npm run drill` takes and refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions } from '../../../scripts/drill/options.js'

const read = (...words: string[]) => readOptions(words, ['machines', 'kills'])

test('cases are chosen by a part of their name, unless a single run is asked for', () => {
  assert.equal(read('--only', 'machines')?.cases, null)
  assert.equal(read('--only', 'machines', '--cases', 'postgresql')?.cases, 'postgresql')
  for (const single of [['--short'], ['--config', 'any.yaml']])
    assert.throws(() => read('--only', 'machines', '--cases', 'postgresql', ...single), /no effect on a single run/)
})
