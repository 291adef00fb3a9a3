import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../../../scripts/drill/disk-full.js'

test('a disk that is full, or read-only, stops nothing for good and leaves nothing half-written', async context => {
  const said: string[] = []
  const { passed, failures, cases, figures } = await run({ seed: 5, short: true, say: line => said.push(line) })
  if (figures['skipped'] === 1) return context.skip(said.join('; '))
  assert.deepEqual(failures, [])
  assert.ok(passed)
  assert.ok(cases > 5, `${cases}`)
})
