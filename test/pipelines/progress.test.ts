import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partOfWork } from '../../pipelines/progress.js'

test('the progress of a part is told as that of the whole, and a tick without progress as it is', async () => {
  const told: unknown[] = []
  const hooks = { tick: async (progress?: object) => void told.push(progress) }
  const part = partOfWork(hooks, { before: 100, of: 500 })
  await part.tick({ done: 20, of: 50, note: 'greedy' })
  await part.tick()
  assert.deepEqual(told, [{ done: 120, of: 500, note: 'greedy' }, undefined])
})
