/** Steps of the policy gradient that are skipped, fail or are cancelled, and two that are equal: weights, moments and tensors after them. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { disposeEngines } from '../../../pipelines/engine/engine-cache.js'
import { RlevError } from '../../../pipelines/errors.js'
import type { Tensor } from '../../../pipelines/graph/tensorflow.js'
import { createOptimizer, disposeOptimizer } from '../../../pipelines/model/optimizer-state.js'
import { disposePolicy, type Policy } from '../../../pipelines/model/policy.js'
import { changeWeight, tinyConfig } from '../model/tiny-policy.js'
import { valuesIn } from '../model/values-in.js'
import { batch, eager, firstStep, recorded, sgdStep, tensors, tinyPolicy } from './sgd-step.js'

after(disposeEngines)

test('a step without any advantage is skipped: weights and moments stay, and a metric says so', async () => {
  const policy = tinyPolicy()
  const { responses, records } = batch(policy)
  const config = tinyConfig({ update: { weightDecay: 0.1 } })
  const optimizer = createOptimizer(policy, config.update)
  const before = valuesIn(policy)
  const { metrics } = await firstStep({
    policy,
    optimizer,
    responses,
    records: records.map(record => ({ ...record, advantage: 0 })),
    config,
  })
  const { 'update/skipped': skipped, 'policy/entropy': entropy, ...measured } = metrics
  assert.deepEqual({ skipped, entropy }, { skipped: 1, entropy: 1 })
  assert.ok(Object.values(measured).every(value => value === 0))
  const { metrics: made } = await sgdStep({})
  assert.deepEqual(Object.keys(metrics).sort(), Object.keys(made).sort())
  assert.deepEqual(valuesIn(policy), before)
  assert.equal(optimizer.steps, 0)
  disposePolicy(policy)
  disposeOptimizer(optimizer)
})

for (const engine of [recorded, eager]) {
  test(`equal updates give equal bits, and leave no tensors behind, ${engine.mode}`, async () => {
    const before = tensors()
    const run = () => sgdStep({ update: { optimizer: 'adamw', learningRate: 0.01, microBatch: 4 } }, undefined, engine)
    const first = await run()
    assert.equal(tensors(), before)
    assert.deepEqual(await run(), first)
  })
}

for (const engine of [recorded, eager]) {
  test(`a loss that is not finite changes nothing, and leaves no tensors behind, ${engine.mode}`, () =>
    losesNothing(engine))
}

async function losesNothing(engine: Policy['engine']): Promise<void> {
  const policy = tinyPolicy(1, engine)
  const { responses, records } = batch(policy)
  const config = tinyConfig({ kl: { place: 'none' } })
  const optimizer = createOptimizer(policy, config.update)
  const name = 'model.layers.1.mlp.up_proj.weight'
  changeWeight(policy, name, weight => weight.mul(Number.NaN))
  const norm = [...(policy.weights.read().get('model.norm.weight') as Tensor).dataSync()]
  const before = tensors()
  await assert.rejects(
    firstStep({
      policy,
      optimizer,
      responses,
      records,
      config,
    }),
    (error: unknown) => error instanceof RlevError && error.kind === 'NotFinite',
  )
  assert.equal(tensors(), before)
  assert.equal(optimizer.steps, 0)
  assert.deepEqual([...(policy.weights.read().get('model.norm.weight') as Tensor).dataSync()], norm)
  disposePolicy(policy)
  disposeOptimizer(optimizer)
}

test('a step that is cancelled between micro-batches changes nothing, and leaves no tensors behind', async () => {
  const policy = tinyPolicy()
  const { responses, records } = batch(policy)
  const config = tinyConfig({ kl: { place: 'none' }, update: { microBatch: 2 } })
  const optimizer = createOptimizer(policy, config.update)
  const before = tensors()
  const weights = valuesIn(policy)
  const tick = async (progress?: { done: number }) => {
    if ((progress?.done ?? 0) >= 4) throw new Error('cancelled')
  }
  await assert.rejects(
    firstStep({
      policy,
      optimizer,
      responses,
      records,
      config,
      hooks: { tick },
    }),
    /cancelled/,
  )
  assert.equal(tensors(), before)
  assert.deepEqual(valuesIn(policy), weights)
  disposePolicy(policy)
  disposeOptimizer(optimizer)
})
