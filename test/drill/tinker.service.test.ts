/** The first kills of the drill of a Tinker server, on real services and the small server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tinker from '../../scripts/drill/tinker.js'
import { short } from './short.js'

test('adapter and histories are the undisturbed ones after kills of the server and of the policy worker', async t => {
  const { cases } = await short(tinker.run, t, { places: 4 })
  assert.equal(cases, 4)
})
