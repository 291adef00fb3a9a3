/**
 * Golden numbers of PyTorch 2.15, float32:
 *   w = torch.tensor([1., -2., .5, 3.], requires_grad=True)
 *   o = torch.optim.AdamW([w], lr=.1, betas=(.9, .99), eps=1e-8, weight_decay=.01)   # or torch.optim.SGD([w], lr=.1, weight_decay=0)
 *   for g in ([.1, -.2, 0., 4.], [-.3, .1, 0., 1e-3], [.2, .2, 0., -2.]): w.grad = torch.tensor(g); o.step()
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Policy } from '../../../pipelines/policy/policy.js'
import { disposePolicy } from '../../../pipelines/policy/policy.js'
import { type Tensor, tf } from '../../../pipelines/policy/tensorflow.js'
import { clipFactor } from '../../../pipelines/update/gradients.js'
import { applyGradient, createOptimizer, disposeOptimizer } from '../../../pipelines/update/optimizer.js'
import { fromVector, layoutOf, toVector } from '../../../pipelines/update/vector.js'
import { tinyPolicy } from '../policy/tiny-policy.js'

const gradients = [
  [0.1, -0.2, 0, 4],
  [-0.3, 0.1, 0, 1e-3],
  [0.2, 0.2, 0, -2],
]

/** A policy whose weights are the four numbers, in two tensors. */
function fourWeights(): Policy {
  const policy = tinyPolicy()
  for (const weight of policy.weights.values()) weight.dispose()
  policy.weights.clear()
  policy.weights.set('b', tf.tensor2d([0.5, 3], [1, 2]))
  policy.weights.set('a', tf.tensor1d([1, -2]))
  return policy
}

function train(name: 'adamw' | 'sgd', weightDecay: number): number[] {
  const policy = fourWeights()
  const optimizer = createOptimizer(policy, { optimizer: name })
  for (const gradient of gradients) {
    const vector = tf.tensor1d(gradient)
    const settings = { learningRate: 0.1, betas: [0.9, 0.99] as [number, number], epsilon: 1e-8, weightDecay }
    applyGradient({ policy, optimizer, gradient: vector, settings })
    vector.dispose()
  }
  const weights = ['a', 'b'].flatMap(name => [...(policy.weights.get(name) as Tensor).dataSync()])
  assert.deepEqual((policy.weights.get('b') as Tensor).shape, [1, 2])
  disposePolicy(policy)
  disposeOptimizer(optimizer)
  return weights
}

function close(found: readonly number[], wanted: readonly number[]): void {
  for (const [index, value] of wanted.entries())
    assert.ok(Math.abs((found[index] as number) - value) < 1e-6, `${found}`)
}

test('AdamW takes the steps of PyTorch', () => {
  close(train('adamw', 0.01), [0.9446064233779907, -1.8948321342468262, 0.4985015392303467, 2.80631160736084])
})

test('SGD takes the steps of PyTorch', () => {
  close(train('sgd', 0), [1, -2.009999990463257, 0.5, 2.7999000549316406])
})

test('a uniform factor on all gradients leaves the step of AdamW as it is, and scales that of SGD', () => {
  const moved = (name: 'adamw' | 'sgd', factor: number): number => {
    const policy = fourWeights()
    const optimizer = createOptimizer(policy, { optimizer: name })
    const gradient = tf.tensor1d([0.1, -0.2, 0.3, 4])
    const settings = { learningRate: 0.1, betas: [0.9, 0.99] as [number, number], epsilon: 1e-8, weightDecay: 0 }
    applyGradient({ policy, optimizer, gradient, settings, factor })
    const moved = 1 - ((policy.weights.get('a') as Tensor).dataSync()[0] as number)
    gradient.dispose()
    disposePolicy(policy)
    disposeOptimizer(optimizer)
    return moved
  }
  close([moved('adamw', 1.2)], [moved('adamw', 1)])
  close([moved('sgd', 1.2)], [1.2 * moved('sgd', 1)])
})

test('a gradient is clipped by its norm and only above the limit', () => {
  assert.equal(clipFactor(2, null), 1)
  assert.equal(clipFactor(0.5, 1), 1)
  assert.ok(Math.abs(clipFactor(4, 1) - 0.25) < 1e-6)
})

test('tensors become one vector in the order of their names and come back', () => {
  const policy = fourWeights()
  const layout = layoutOf(policy.weights)
  assert.deepEqual(layout.names, ['a', 'b'])
  tf.tidy(() => {
    const vector = toVector(policy.weights, layout)
    assert.deepEqual([...vector.dataSync()], [1, -2, 0.5, 3])
    assert.deepEqual(fromVector(vector, layout).get('b')?.arraySync(), [[0.5, 3]])
  })
  disposePolicy(policy)
})
