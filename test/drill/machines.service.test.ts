/** The short drill over machines, on real services in network namespaces that it makes and removes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as machines from '../../scripts/drill/machines.js'
import { short } from './short.js'

const skip = machines.whyNoMachines()

test('a run that is launched from a machine without workers is the undisturbed one after a cable and a lost machine', {
  skip,
}, async t => {
  const { cases } = await short(machines.run, t)
  assert.equal(cases, 1)
})
