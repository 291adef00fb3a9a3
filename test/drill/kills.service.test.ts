/** The short drill of random kills, on real services. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as kills from '../../scripts/drill/kills.js'
import { short } from './short.js'

test('weights, optimizer and histories are the undisturbed ones after ten random kills of servers and workers under a sweep', async t => {
  const { cases } = await short(kills.run, t)
  assert.equal(cases, 10)
})
