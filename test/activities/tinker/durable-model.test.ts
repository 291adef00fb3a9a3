/** Steps over the wire: the plan of their requests, their gradient against the engine's own, and what is lost with a model. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DurableModel } from '../../../activities/tinker/durable/durable-model.js'
import { datumOf, requestsOf, type TrainedRow } from '../../../activities/tinker/durable/plan.js'
import { requestSeed } from '../../../activities/tinker/durable/seeds.js'
import { withEngine } from '../../../pipelines/engine/engine-cache.js'
import { logProbsOf } from '../../../pipelines/engine/log-probabilities.js'
import { createAdapter } from '../../../pipelines/model/adapter.js'
import { adapterTargets } from '../../../pipelines/model/adapter-shapes.js'
import { createOptimizer, disposeOptimizer } from '../../../pipelines/model/optimizer-state.js'
import { disposePolicy, withAdapter } from '../../../pipelines/model/policy.js'
import { noHooks } from '../../../pipelines/progress.js'
import { accumulate } from '../../../pipelines/training/accumulate.js'
import { policyGradientLoss } from '../../../pipelines/training/loss.js'
import { optimizerStep } from '../../../pipelines/training/optimizer.js'
import { digestOf, optionsFor, stepRows, train } from './steps.js'
import { adam, basePolicy, clientOf, served } from './tiny-server.js'

const row = (length: number, coefficient = 1): TrainedRow => ({
  promptTokens: [1, 2],
  tokens: Array.from({ length }, () => 3),
  coefficients: Array.from({ length }, () => coefficient),
})

test('the plan keeps the order, leaves out rows without gradient, and follows both limits', () => {
  const rows = [row(2), row(2, 0), row(3), row(8), row(1)]
  const lengths = (limits: { maxRows: number; maxTokens: number }) =>
    requestsOf(rows, limits).map(part => part.map(({ tokens }) => tokens.length))
  assert.deepEqual(lengths({ maxRows: 2, maxTokens: 1000 }), [
    [2, 3],
    [8, 1],
  ])
  assert.deepEqual(lengths({ maxRows: 9, maxTokens: 10 }), [[2, 3], [8], [1]])
  assert.deepEqual(requestsOf([row(2, 0)], { maxRows: 1, maxTokens: 1 }), [])
})

test('a datum has weight 1 on the response, its coefficients times the factor, and 0 on the prompt', () => {
  const found = datumOf(
    { promptTokens: [5, 6, 7], tokens: [8, 9], coefficients: [0.5, -1] },
    { logProbs: [-1, -2], factor: 4 },
  )
  assert.deepEqual(found, {
    inputs: [5, 6, 7, 8],
    targets: [6, 7, 8, 9],
    weights: [0, 0, 1, 1],
    logProbs: [0, 0, -1, -2],
    advantages: [0, 0, 2, -4],
  })
})

test('seeds of requests differ with every counter, and are below 2^31', () => {
  const at = (seed: number, step: number, prompt: number, sample: number) => requestSeed(seed, { step, prompt, sample })
  const found = [at(1, 1, 1, 1), at(2, 1, 1, 1), at(1, 2, 1, 1), at(1, 1, 2, 1), at(1, 1, 1, 2)]
  assert.equal(new Set(found).size, found.length)
  for (const seed of found) assert.ok(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31)
  assert.equal(at(1, 1, 1, 1), found[0])
})

for (const reduction of ['sum', 'mean of means'] as const) {
  test(`a step changes the policy as one of the engine does with the same coefficients: ${reduction}`, async t => {
    const { client } = await served(t, { reduction })
    const factor = ({ tokens, rows }: { tokens: number; rows: number }) => (reduction === 'sum' ? 1 : tokens * rows)
    const model = await DurableModel.open(optionsFor(client, { way: { factor, notes: [] } }), null)
    const [rows = []] = stepRows
    const { norm } = await model.step({ rows, adam })
    const data = rows.map(row => datumOf(row, { logProbs: row.tokens.map(() => 0), factor: 0 }))
    const found = await model.logProbs(data)
    await model.close()

    const own = await ownStep(rows)
    assert.ok(Math.abs((norm as number) / own.norm - 1) < 1e-4, `${norm} and ${own.norm}`)
    for (const [index, logProbs] of own.logProbs.entries()) {
      const served = (found[index] as number[]).slice(-logProbs.length)
      for (const [place, value] of logProbs.entries()) assert.ok(Math.abs(value - (served[place] as number)) < 1e-3)
    }
  })
}

/** The engine's own step: a sum over tokens of c_t log pi_t, a row each token, since its loss has one advantage a row. */
async function ownStep(rows: readonly TrainedRow[]): Promise<{ norm: number; logProbs: number[][] }> {
  const base = await basePolicy()
  const { architecture } = base
  const policy = withAdapter(
    base,
    createAdapter({ architecture, rank: 4, alpha: 32, targets: adapterTargets, seed: 7 }),
  )
  const optimizer = createOptimizer(policy, { optimizer: 'adamw' })
  const perToken = rows.flatMap(({ promptTokens, tokens, coefficients }) =>
    tokens.map((token, place) => ({
      promptTokens: [...promptTokens, ...tokens.slice(0, place)],
      tokens: [token],
      advantage: coefficients[place] as number,
      weight: 1,
      logProbs: [0],
    })),
  )
  const { engine, norm } = await accumulate({
    policy,
    rows: perToken,
    limits: { microBatch: 1, tokenBudget: null },
    loss: policyGradientLoss(),
    checkpointing: false,
    largest: { prompts: 1, samples: 1, tokens: 8 },
    hooks: noHooks,
    note: 'test',
  })
  const settings = { ...adam, betas: [...adam.betas] as [number, number] }
  optimizerStep({ engine, optimizer, settings, factor: 1 })
  const logProbs = await withEngine(policy, async () => logProbsOf(policy, rows))
  disposeOptimizer(optimizer)
  disposePolicy(policy)
  return { norm, logProbs }
}

test('a holder that stops in the middle of a step goes on from its newest state, to the same adapter', async t => {
  const { client, models } = await served(t)
  const whole = await train(optionsFor(client))
  const stop = new AbortController()
  let requests = 0
  const work = models.forwardBackward.bind(models)
  models.forwardBackward = async (...call) => {
    // In the second step, between two requests.
    if (++requests === 5) stop.abort(new Error('cancelled'))
    return work(...call)
  }
  const model = await DurableModel.open(optionsFor(client, { signal: stop.signal }), null)
  const kept = [model.newest]
  await assert.rejects(async () => {
    for (const rows of stepRows) kept.push((await model.step({ rows, adam })).state)
  }, /cancelled|aborted/)
  assert.equal(kept.length, 2, `${kept.length} states`)
  assert.equal(models.count, 0)
  assert.equal(await train(optionsFor(client, { attempt: 2 }), kept.at(-1)), whole)
})

test('a step without a gradient sends nothing and counts', async t => {
  const { client } = await served(t)
  const model = await DurableModel.open(optionsFor(client), null)
  const { path } = model.newest
  const { state } = await model.step({ rows: [row(3, 0)], adam })
  assert.deepEqual(state, { step: 1, path })
  await model.close()
})

test('samples follow from their seeds, and come from the weights as they are', async t => {
  const { client } = await served(t, { samplers: 'written over the model' })
  const model = await DurableModel.open(optionsFor(client), null)
  const call = {
    rows: [0, 1, 2].map(seed => ({ promptTokens: [45, 101], seed })),
    settings: { maxTokens: 4, temperature: 1, stop: [2] },
    inFlight: 2,
  }
  const before = await model.sample(call)
  assert.deepEqual(await model.sample(call), before)
  await model.step({ rows: stepRows[0] as TrainedRow[], adam })
  const after = await model.sample(call)
  assert.notDeepEqual(
    after.map(({ logProbs }) => logProbs),
    before.map(({ logProbs }) => logProbs),
  )
  const digest = await digestOf(model)
  await model.sample(call)
  assert.equal(await digestOf(model), digest)
  await model.close()
})

test('a server that refuses is not asked again and again', async t => {
  const { url } = await served(t)
  let requests = 0
  const client = clientOf(url)
  const wrong = optionsFor(client, { settings: { baseModel: 'x', rank: 0, seed: 1 }, onWait: () => requests++ })
  await assert.rejects(DurableModel.open(wrong, null), { kind: 'CallInvalid', message: /rank 0/ })
  assert.ok(requests < 20, `${requests} requests`)
})
