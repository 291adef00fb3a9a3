/** What a kill -9 of the test's Tinker server leaves, and what it takes: as it was measured with SkyRL. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTinkerServer } from '../../tinker-server/start.js'
import { adam, clientOf, datumOf, rows } from './tiny-server.js'

test('models and gradients are lost with the process; sessions, results and states are not', async t => {
  const server = await startTinkerServer({ supervised: true })
  t.after(() => server.end())
  const client = clientOf(server.url)
  const data = rows.map(row => datumOf(row))
  const sessionId = await client.createSession()
  const model = { sessionId, modelSeqId: 0, baseModel: 'x', rank: 4, seed: 7 }
  const { modelId } = await client.createModel(model)
  await client.forwardBackward({ modelId, seqId: 1, data, loss: 'importance_sampling' })
  await client.optimStep({ modelId, seqId: 2, adam })
  const path = (await client.saveState({ modelId, seqId: 3, name: 'w' })) as string
  const { logProbs } = await client.forward({ modelId, seqId: 4, data })

  await server.kill()
  assert.equal(await client.heartbeat(sessionId, { timeoutMs: 100 }), true)
  await assert.rejects(client.forward({ modelId, seqId: 5, data }), { kind: 'EngineEnded' })
  assert.equal(server.restarts, 1)
  assert.equal(await client.heartbeat(sessionId, { timeoutMs: 10_000 }), true)
  assert.equal(await client.heartbeat('another', { timeoutMs: 10_000 }), false)
  // The result of a request that was made before.
  assert.deepEqual(await client.forward({ modelId, seqId: 4, data }), { logProbs, metrics: {} })
  const other = await client.createModel(model)
  assert.notEqual(other.modelId, modelId)
  await client.loadState({ modelId: other.modelId, seqId: 1, path })
  assert.deepEqual((await client.forward({ modelId: other.modelId, seqId: 2, data })).logProbs, logProbs)
  assert.deepEqual(
    (await client.checkpoints(modelId)).map(({ id }) => id),
    ['w'],
  )
})
