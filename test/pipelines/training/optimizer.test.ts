/**
 * Golden numbers of PyTorch 2.15, float32:
 *   w = torch.tensor([1., -2., .5, 3.], requires_grad=True)
 *   o = torch.optim.AdamW([w], lr=.1, betas=(.9, .99), eps=1e-8, weight_decay=.01)   # or torch.optim.SGD([w], lr=.1, weight_decay=0)
 *   for g in ([.1, -.2, 0., 4.], [-.3, .1, 0., 1e-3], [.2, .2, 0., -2.]): w.grad = torch.tensor(g); o.step()
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { engineFor } from '../../../pipelines/engine/engine-cache.js'
import { Learning } from '../../../pipelines/engine/learning.js'
import { DeviceTensors } from '../../../pipelines/graph/device-tensors.js'
import { type Tensor, tf } from '../../../pipelines/graph/tensorflow.js'
import { createOptimizer, disposeOptimizer } from '../../../pipelines/model/optimizer-state.js'
import type { Policy } from '../../../pipelines/model/policy.js'
import { defaultEngine, disposePolicy } from '../../../pipelines/model/policy.js'
import { clipFactor, optimizerStep, type StepSettings } from '../../../pipelines/training/optimizer.js'
import { tinyPolicy } from '../model/tiny-policy.js'

const modes = ['recorded', 'eager'] as const
type Mode = (typeof modes)[number]

const gradients = [
  [0.1, -0.2, 0, 4],
  [-0.3, 0.1, 0, 1e-3],
  [0.2, 0.2, 0, -2],
]

/**
 * A policy whose weights are the four numbers, in two tensors. Its architecture differs, so that it has a
 * separate engine.
 */
function fourWeights(mode: Mode): Policy {
  const { architecture, ...policy } = tinyPolicy()
  policy.weights.dispose()
  const weights = new DeviceTensors([
    ['b', tf.tensor2d([0.5, 3], [1, 2])],
    ['a', tf.tensor1d([1, -2])],
  ])
  return { ...policy, weights, architecture: { ...architecture, layers: 0 }, engine: { ...defaultEngine, mode } }
}

/** One step with given gradients in the order a, b. */
function step(
  policy: Policy,
  optimizer: ReturnType<typeof createOptimizer>,
  gradient: number[],
  settings: StepSettings,
  factor = 1,
) {
  const engine = engineFor(policy)
  const given = tf.tensor1d(gradient)
  engine.part(Learning).setGradients(
    new Map<string, Tensor>([
      ['a', given.slice([0], [2])],
      ['b', given.slice([2], [2]).reshape([1, 2])],
    ]),
  )
  optimizerStep({ engine, optimizer, settings, factor })
}

function train(mode: Mode, name: 'adamw' | 'sgd', weightDecay: number): number[] {
  const policy = fourWeights(mode)
  const optimizer = createOptimizer(policy, { optimizer: name })
  const settings = { learningRate: 0.1, betas: [0.9, 0.99] as [number, number], epsilon: 1e-8, weightDecay }
  for (const gradient of gradients) step(policy, optimizer, gradient, settings)
  const weights = ['a', 'b'].flatMap(name => [...(policy.weights.read().get(name) as Tensor).dataSync()])
  assert.deepEqual((policy.weights.read().get('b') as Tensor).shape, [1, 2])
  disposePolicy(policy)
  disposeOptimizer(optimizer)
  return weights
}

function close(found: readonly number[], wanted: readonly number[]): void {
  for (const [index, value] of wanted.entries())
    assert.ok(Math.abs((found[index] as number) - value) < 1e-6, `${found}`)
}

for (const mode of modes) {
  test(`AdamW takes the steps of PyTorch, ${mode}`, () => {
    close(train(mode, 'adamw', 0.01), [0.9446064233779907, -1.8948321342468262, 0.4985015392303467, 2.80631160736084])
  })

  test(`SGD takes the steps of PyTorch, ${mode}`, () => {
    close(train(mode, 'sgd', 0), [1, -2.009999990463257, 0.5, 2.7999000549316406])
  })
}

test('a uniform factor on all gradients does not change the step of AdamW, and scales that of SGD', () => {
  const moved = (name: 'adamw' | 'sgd', factor: number): number => {
    const policy = fourWeights('recorded')
    const optimizer = createOptimizer(policy, { optimizer: name })
    const settings = { learningRate: 0.1, betas: [0.9, 0.99] as [number, number], epsilon: 1e-8, weightDecay: 0 }
    step(policy, optimizer, [0.1, -0.2, 0.3, 4], settings, factor)
    const moved = 1 - ((policy.weights.read().get('a') as Tensor).dataSync()[0] as number)
    disposePolicy(policy)
    disposeOptimizer(optimizer)
    return moved
  }
  close([moved('adamw', 1.2)], [moved('adamw', 1)])
  close([moved('sgd', 1.2)], [1.2 * moved('sgd', 1)])
})

test('a gradient is clipped by its norm, and only above the limit', () => {
  assert.equal(clipFactor(2, null), 1)
  assert.equal(clipFactor(0.5, 1), 1)
  assert.ok(Math.abs(clipFactor(4, 1) - 0.25) < 1e-6)
})
