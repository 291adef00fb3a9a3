/** What is sent of a row: its seed, and the datum of a pass. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { learningDatum } from '../../../activities/tinker/policy/data.js'
import { seedOf } from '../../../activities/tinker/policy/served-sampling.js'
import { served } from './tiny-server.js'

test('seeds of requests differ with every counter, and are below 2^31', () => {
  const at = (seed: number, ...draw: [number, number, number]) => seedOf({ purpose: 'rollout', seed }, draw)
  const evaluated = seedOf({ purpose: 'evaluation', seed: 1 }, [1, 1, 1])
  const found = [at(1, 1, 1, 1), at(2, 1, 1, 1), at(1, 2, 1, 1), at(1, 1, 2, 1), at(1, 1, 1, 2), evaluated]
  assert.equal(new Set(found).size, found.length)
  const many = Array.from({ length: 1000 }, (_, prompt) => at(1, 1, prompt, 1))
  for (const seed of [...found, ...many]) assert.ok(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31)
  assert.equal(at(1, 1, 1, 1), found[0])
})

test('a datum has weight 1 on the response, its coefficients times the factor, and 0 on the prompt', () => {
  const found = learningDatum(
    { promptTokens: [5, 6, 7], tokens: [8, 9] },
    { coefficients: [0.5, -1], current: [-1, -2], factor: 4 },
  )
  assert.deepEqual(found, {
    inputs: [5, 6, 7, 8],
    targets: [6, 7, 8, 9],
    weights: [0, 0, 1, 1],
    logProbs: [0, 0, -1, -2],
    advantages: [0, 0, 2, -4],
  })
})

test('a server that refuses is not asked again and again', async t => {
  const { client } = await served(t)
  let requests = 0
  const sessionId = await client.createSession()
  const wrong = { sessionId, modelSeqId: 0, baseModel: 'x', rank: 0, seed: 1, onWait: () => requests++ }
  await assert.rejects(client.createModel(wrong), { kind: 'CallInvalid', message: /rank 0/ })
  assert.ok(requests > 0 && requests < 20, `${requests} requests`)
})
