/** The short drill of a worker that stops and wakes, on real services. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as stoppedWorker from '../../scripts/drill/stopped-worker.js'
import { short } from './short.js'

test('a worker that was stopped and replaced commits nothing when it wakes', async t => {
  const { cases } = await short(stoppedWorker.run, t)
  assert.equal(cases, 1)
})
