import assert from 'node:assert/strict'
import { test } from 'node:test'
import { given } from '../../pipelines/given.js'

test('a property without a value is left out, and one that is null, 0 or empty stays', () => {
  const parts = given({ a: undefined, b: null, c: 0, d: '', e: 'e' })
  assert.deepEqual(Object.keys(parts), ['b', 'c', 'd', 'e'])
  assert.deepEqual(parts, { b: null, c: 0, d: '', e: 'e' })
})
