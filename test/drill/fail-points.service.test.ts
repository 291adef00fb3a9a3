/** The short drill of the fail points, on real services: each once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as failPoints from '../../scripts/drill/fail-points.js'
import { short } from './short.js'

test('weights, optimizer and histories are the undisturbed ones after a kill at every fail point', async t => {
  const { cases } = await short(failPoints.run, t)
  assert.equal(cases, failPoints.workerFailPointNames.length)
})
