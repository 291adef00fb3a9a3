import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearestName } from '../../../pipelines/text/nearest-name.js'

test('the nearest name is offered if it is near, in any letter case', () => {
  assert.equal(nearestName('quickstrat', ['smoke', 'quickstart']), 'quickstart')
  assert.equal(nearestName('QUICKSTART', ['smoke', 'quickstart']), 'quickstart')
  assert.equal(nearestName('entirely-else', ['smoke', 'quickstart']), undefined)
  assert.equal(nearestName('x', []), undefined)
})

test('a name of one or two letters is not taken for another of as many', () => {
  assert.equal(nearestName('lr', ['v7', 'pl']), undefined)
  assert.equal(nearestName('a', ['b']), undefined)
})
