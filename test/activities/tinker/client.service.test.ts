/** The client of the Tinker API against the test's server, which computes with rlev's own engine. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fetchAdapter } from '../../../activities/tinker/archive.js'
import { loadAdapter } from '../../../pipelines/checkpoint/adapter-file.js'
import { logProbsOf } from '../../../pipelines/engine/log-probabilities.js'
import { disposePolicy, withAdapter } from '../../../pipelines/model/policy.js'
import { tinyBase } from '../../tinker-server/start.js'
import { adam, basePolicy, datumOf, newModel, rows, served } from './tiny-server.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-tinker-client-'))
after(() => rmSync(root, { recursive: true }))

const settings = { maxTokens: 6, temperature: 1, seed: 5, stop: [2] }

/** Batches of another shape round otherwise. */
function close(found: readonly number[], expected: readonly number[]): void {
  assert.equal(found.length, expected.length)
  for (const [index, value] of found.entries()) assert.ok(Math.abs(value - (expected[index] as number)) < 1e-5)
}

test('a step over the wire: sampling, gradients in two requests, AdamW, a state, an adapter that the engine loads', async t => {
  const { client } = await served(t)
  assert.deepEqual(await client.baseModels(), [tinyBase])
  const modelId = await newModel(client)
  const sampler = (await client.saveSampler({ modelId, seqId: 1, name: 's-0' })) as string
  const [sampled] = await client.sample({ source: { sampler }, tokens: rows[0].prompt, settings })
  assert.equal(sampled?.tokens.length, sampled?.logProbs.length)
  const data = rows.map(row => datumOf(row))
  const before = await client.forward({ modelId, seqId: 2, data })
  for (const [index, datum] of data.entries()) {
    const { logProbs } = await client.forwardBackward({
      modelId,
      seqId: 3 + index,
      data: [datum],
      loss: 'importance_sampling',
    })
    close(logProbs[0] as number[], before.logProbs[index] as number[])
  }
  const metrics = await client.optimStep({ modelId, seqId: 5, adam })
  assert.ok((metrics['skyrl.ai/grad_norm'] as number) > 0)
  const state = (await client.saveState({ modelId, seqId: 6, name: 'w-1' })) as string
  assert.equal(await client.saveState({ modelId, seqId: 7, name: 'w-1' }), null)
  await client.saveSampler({ modelId, seqId: 8, name: 's-1' })
  assert.deepEqual(
    (await client.checkpoints(modelId)).map(({ type, id, path }) => [type, id, path]),
    [
      ['training', 'w-1', state],
      ['sampler', 's-0', sampler],
      ['sampler', 's-1', `tinker://${modelId}/sampler_weights/s-1`],
    ],
  )

  const later = await client.forward({ modelId, seqId: 9, data })
  assert.notDeepEqual(later.logProbs, before.logProbs)
  await fetchAdapter({ client, modelId, name: 's-1', folder: root })
  const config = JSON.parse(readFileSync(join(root, 'adapter_config.json'), 'utf8')) as { target_modules: string[] }
  assert.deepEqual(config.target_modules, ['down_proj', 'gate_proj', 'k_proj', 'o_proj', 'q_proj', 'up_proj', 'v_proj'])
  const base = await basePolicy()
  const own = withAdapter(base, await loadAdapter({ folder: root, architecture: base.architecture }))
  const sequences = rows.map(({ prompt, response }) => ({ promptTokens: prompt, tokens: response }))
  for (const [index, mine] of logProbsOf(own, sequences).entries()) {
    const served = (later.logProbs[index] as number[]).slice(-mine.length)
    close(served, mine)
  }
  disposePolicy(own)

  const other = await newModel(client)
  await client.loadState({ modelId: other, seqId: 1, path: state })
  assert.deepEqual((await client.forward({ modelId: other, seqId: 2, data })).logProbs, later.logProbs)
  const first = { modelId, kind: 'weights', name: 'w-1' } as const
  assert.equal(await client.deleteCheckpoint(first), true)
  assert.equal(await client.deleteCheckpoint(first), true, 'it is not there any more')
  assert.deepEqual(
    (await client.checkpoints(modelId)).map(({ id }) => id),
    ['s-0', 's-1'],
  )
  await client.unloadModel(modelId)
  await assert.rejects(client.forward({ modelId, seqId: 10, data }), { kind: 'EngineEnded' })
})

test('log-probabilities of a prompt are those of a forward pass, and a base model needs no model', async t => {
  const { client } = await served(t)
  const modelId = await newModel(client)
  const [row] = rows
  const tokens = [...row.prompt, ...row.response]
  const found = await client.logProbsOf({ source: { baseModel: tinyBase }, tokens })
  // A fresh adapter changes nothing.
  const { logProbs } = await client.forward({ modelId, seqId: 1, data: [datumOf(row)] })
  assert.equal(found.length, tokens.length - 1)
  close(found, logProbs[0] as number[])
})

for (const polls of ['try again', 'request timeout'] as const) {
  test(`a result that is not there yet is asked for again: ${polls}`, async t => {
    const { client } = await served(t, { polls })
    let asked = 0
    const modelId = await newModel(client)
    await client.forward({ modelId, seqId: 1, data: rows.map(row => datumOf(row)), onWait: () => asked++ })
    assert.ok(asked >= 2, `${asked} requests`)
  })
}

test('a request that may have been taken is not sent again if it changes the model, and is if it changes nothing', async t => {
  const cut = await served(t, { cut: { path: 'forward_backward', nth: 1 }, resend: 'counted again' })
  const modelId = await newModel(cut.client)
  const data = [datumOf(rows[0])]
  await assert.rejects(cut.client.forwardBackward({ modelId, seqId: 1, data, loss: 'cross_entropy' }), {
    kind: 'ServiceUnavailable',
    message: /it is unclear whether/,
  })
  const forward = await served(t, { cut: { path: 'forward', nth: 1 } })
  const { logProbs } = await forward.client.forward({ modelId: await newModel(forward.client), seqId: 1, data })
  assert.equal(logProbs.length, 1)
})

test('a server without deletion is told from one that has deleted', async t => {
  const { client } = await served(t, { deletion: 'none' })
  const modelId = await newModel(client)
  await client.saveState({ modelId, seqId: 1, name: 'w' })
  assert.equal(await client.deleteCheckpoint({ modelId, kind: 'weights', name: 'w' }), false)
  assert.deepEqual(
    (await client.checkpoints(modelId)).map(({ id }) => id),
    ['w'],
  )
})

test('refusals by name: too many models, a late state, a number that was used, a wrong list, NaN', async t => {
  const { client } = await served(t, { maxModels: 1 })
  const modelId = await newModel(client)
  const full = { kind: 'ServiceUnavailable', message: /Maximum number of LoRA adapters \(1\)/ }
  await assert.rejects(newModel(client), full)
  const [row] = rows
  await client.forward({ modelId, seqId: 1, data: [datumOf(row)] })
  const state = (await client.saveState({ modelId, seqId: 2, name: 'w' })) as string
  await assert.rejects(
    client.loadState({ modelId, seqId: 3, path: state }),
    /LoadWeights is not permitted with seq_id 3/,
  )
  await assert.rejects(client.forward({ modelId, seqId: 1, data: [datumOf(rows[1])] }), /number was reused/)
  const short = { ...datumOf(row), weights: [1] }
  await assert.rejects(client.forward({ modelId, seqId: 4, data: [short] }), {
    kind: 'CallInvalid',
    message: /datum 0, weights/,
  })
  const none = datumOf(row, { logProbs: row.response.map(() => Number.NaN) })
  const call = { modelId, seqId: 4, data: [none], loss: 'importance_sampling' } as const
  await assert.rejects(client.forwardBackward(call), { kind: 'NotFinite', message: /datum 0, logprobs, position 3/ })
})
