import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../../../scripts/drill/corruption.js'

test('every wound of a short drill is detected, none is loaded, and training goes on to the same bits', async () => {
  const { passed, failures, cases } = await run({ seed: 11, short: true, say: () => {} })
  assert.deepEqual(failures, [])
  assert.ok(passed)
  assert.ok(cases >= 120, `${cases}`)
})
