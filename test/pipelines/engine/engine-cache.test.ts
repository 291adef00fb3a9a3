/**
 * More shapes of policies take turns than engines are kept, so each turn disposes of the engine of a policy
 * that is still in use.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadOptimizer, saveOptimizer } from '../../../pipelines/checkpoint/optimizer-file.js'
import type { EngineConfig } from '../../../pipelines/config/schema.js'
import { disposeEngines } from '../../../pipelines/engine/engine-cache.js'
import type { DeviceTensors } from '../../../pipelines/graph/device-tensors.js'
import { createAdapter } from '../../../pipelines/model/adapter.js'
import {
  createOptimizer,
  disposeOptimizer,
  type Moments,
  type Optimizer,
} from '../../../pipelines/model/optimizer-state.js'
import { createPolicy, defaultEngine, disposePolicy, type Policy, trainable } from '../../../pipelines/model/policy.js'
import { generate } from '../../../pipelines/sampling/generate.js'
import { supervisedStep } from '../../../pipelines/training/supervised.js'
import { prompt, tinyConfig } from '../model/tiny-policy.js'

after(disposeEngines)

const engines: Record<EngineConfig['mode'], EngineConfig> = {
  recorded: { ...defaultEngine, mode: 'recorded' },
  eager: { ...defaultEngine, mode: 'eager' },
}

/** Each `mlpWidth` is another shape. With an adapter, only the adapter is trained. */
function policyOfWidth(mlpWidth: number, { engine, adapted }: { engine: EngineConfig; adapted: boolean }): Policy {
  const { policy: config } = tinyConfig()
  if (config.from !== 'scratch') throw new TypeError('the tiny policy is made from scratch')
  const policy = createPolicy({
    config: { ...config, mlpWidth, layers: 1 },
    alphabet: [...'0123456789+=#'],
    seed: 1,
    engine,
  })
  if (!adapted) return policy
  const { architecture } = policy
  return { ...policy, adapter: createAdapter({ architecture, rank: 2, alpha: 2, targets: ['q_proj'], seed: 1 }) }
}

interface Learner {
  policy: Policy
  optimizer: Optimizer
}

function learnerOfWidth(mlpWidth: number, options: { engine: EngineConfig; adapted: boolean }): Learner {
  const policy = policyOfWidth(mlpWidth, options)
  return { policy, optimizer: createOptimizer(policy, { optimizer: 'adamw' }) }
}

const learn = ({ policy, optimizer }: Learner): Promise<void> =>
  supervisedStep({
    policy,
    optimizer,
    batch: [{ promptTokens: prompt(policy, '1+2='), tokens: prompt(policy, '33#') }],
    weightDecay: 0.01,
    clipNorm: 1,
    learningRate: 1e-2,
    maxTokens: 4,
    stage: { name: 'test', rateKey: 'none' },
  })

const numbers = (tensors: DeviceTensors): Record<string, number[]> =>
  Object.fromEntries([...tensors.read()].map(([name, tensor]) => [name, Array.from(tensor.dataSync())]))

function stateOf({ policy, optimizer }: Learner): unknown {
  const { first, second } = optimizer.moments as Moments
  return { weights: numbers(trainable(policy)), first: numbers(first), second: numbers(second), steps: optimizer.steps }
}

function disposeOf({ policy, optimizer }: Learner): void {
  disposePolicy(policy)
  disposeOptimizer(optimizer)
}

const widths = [24, 28, 32, 36]

for (const [mode, engine] of Object.entries(engines)) {
  for (const adapted of [false, true]) {
    const trained = adapted ? 'adapter' : 'weights'
    test(`a policy learns as if it were alone while three other shapes learn in turn, ${trained}, ${mode}`, async () => {
      const alone = learnerOfWidth(24, { engine, adapted })
      await learn(alone)
      await learn(alone)
      const wanted = stateOf(alone)
      const learners = widths.map(width => learnerOfWidth(width, { engine, adapted }))
      for (const learner of learners) await learn(learner)
      await learn(learners[0] as Learner)
      assert.deepEqual(stateOf(learners[0] as Learner), wanted)
      for (const learner of [alone, ...learners]) disposeOf(learner)
    })
  }
}

test('the moments of a policy can be saved after its engine is disposed of', async () => {
  const learner = learnerOfWidth(24, { engine: engines.recorded, adapted: false })
  await learn(learner)
  disposeEngines()
  const folder = mkdtempSync(join(tmpdir(), 'rlev-eviction-'))
  try {
    await saveOptimizer(learner.optimizer, folder)
    const loaded = await loadOptimizer(folder)
    assert.deepEqual(stateOf({ ...learner, optimizer: loaded }), stateOf(learner))
    disposeOptimizer(loaded)
  } finally {
    rmSync(folder, { recursive: true, force: true })
    disposeOf(learner)
  }
})

test('an engine in use stays while more shapes than there are engines have their turns', async () => {
  const [first, ...others] = widths.map(width => policyOfWidth(width, { engine: engines.recorded, adapted: false }))
  const say = (policy: Policy, tick: () => Promise<void>) =>
    generate({
      policy,
      prompts: Array.from({ length: 6 }, () => prompt(policy, '1+2=')),
      uniforms: (row, position) => ((7 * row + 3 * position) % 10) / 10,
      maxTokens: 24,
      chunk: 6,
      hooks: { tick },
    })
  const alone = await say(first as Policy, async () => {})
  const between = async () => {
    for (const other of others) await say(other, async () => {})
  }
  assert.deepEqual(await say(first as Policy, between), alone)
  for (const policy of [first as Policy, ...others]) disposePolicy(policy)
})

test('a policy that learns on two engines in turn learns as on one', async () => {
  const alone = learnerOfWidth(24, { engine: engines.eager, adapted: false })
  for (let step = 0; step < 4; step++) await learn(alone)
  const wanted = stateOf(alone)
  const one = learnerOfWidth(24, { engine: engines.eager, adapted: false })
  const other = { ...one, policy: { ...one.policy, engine: { ...engines.eager, xla: !engines.eager.xla } } }
  for (const learner of [one, other, one, other]) await learn(learner)
  assert.deepEqual(stateOf(one), wanted)
  for (const learner of [alone, one]) disposeOf(learner)
})
