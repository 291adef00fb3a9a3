/**
 * AdamW with decoupled weight decay, and plain SGD, with PyTorch's semantics, on all weights as one vector.
 *
 * AdamW, step t:  w <- w (1 - eta lambda);  m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2
 *                 w <- w - eta / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + epsilon)
 * SGD:            w <- w (1 - eta lambda) - eta g
 *
 * A uniform factor on all gradients leaves AdamW's step as it is (up to epsilon): there a uniform scale is a placebo.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Policy } from '../policy/policy.js'
import { type Tensor, tf } from '../policy/tensorflow.js'
import { tidy } from '../policy/tidy.js'
import { fromVector, type Layout, layoutOf, toVector } from './vector.js'

export type UpdateSettings = ExperimentConfig['update']

export interface Moments {
  layout: Layout
  /** m and v, a vector each. */
  first: Tensor
  second: Tensor
}

export interface Optimizer {
  name: UpdateSettings['optimizer']
  /** Steps taken. */
  steps: number
  /** Of AdamW; null for SGD, which remembers nothing. */
  moments: Moments | null
}

export type StepSettings = Pick<UpdateSettings, 'learningRate' | 'betas' | 'epsilon' | 'weightDecay'>

export function createOptimizer(policy: Policy, { optimizer: name }: Pick<UpdateSettings, 'optimizer'>): Optimizer {
  if (name === 'sgd') return { name, steps: 0, moments: null }
  const layout = layoutOf(policy.weights)
  const length = layout.sizes.reduce((sum, size) => sum + size, 0)
  return { name, steps: 0, moments: { layout, first: tf.zeros([length]), second: tf.zeros([length]) } }
}

/** One step: replaces the policy's weights and the moments. The gradient, laid out as the weights are, is multiplied by `factor` first. */
export function applyGradient({
  policy,
  optimizer,
  gradient,
  settings,
  factor = 1,
}: {
  policy: Policy
  optimizer: Optimizer
  gradient: Tensor
  settings: StepSettings
  factor?: number
}): void {
  optimizer.steps++
  const layout = layoutOf(policy.weights)
  const { moments } = optimizer
  const next = tidy(() => {
    const weight = decayed(toVector(policy.weights, layout), settings)
    const scaled = factor === 1 ? gradient : gradient.mul(factor)
    const step =
      moments === null
        ? { weight: weight.sub(scaled.mul(settings.learningRate)) }
        : adam({ weight, gradient: scaled, moments, settings, steps: optimizer.steps })
    return { ...step, weights: fromVector(step.weight, layout) }
  })
  next.weight.dispose()
  for (const [name, before] of policy.weights) {
    policy.weights.set(name, next.weights.get(name) as Tensor)
    before.dispose()
  }
  if (moments === null || !('first' in next)) return
  tf.dispose([moments.first, moments.second])
  moments.first = next.first
  moments.second = next.second
}

function decayed(weight: Tensor, { learningRate, weightDecay }: StepSettings): Tensor {
  return weightDecay === 0 ? weight : weight.mul(1 - learningRate * weightDecay)
}

function adam({
  weight,
  gradient,
  moments,
  settings: { learningRate, betas, epsilon },
  steps,
}: {
  weight: Tensor
  gradient: Tensor
  moments: Moments
  settings: StepSettings
  steps: number
}): { weight: Tensor; first: Tensor; second: Tensor } {
  const [beta1, beta2] = betas
  const first = moments.first.mul(beta1).add(gradient.mul(1 - beta1))
  const second = moments.second.mul(beta2).add(gradient.square().mul(1 - beta2))
  const root = second.sqrt().div(Math.sqrt(1 - beta2 ** steps))
  const step = first.div(root.add(epsilon)).mul(learningRate / (1 - beta1 ** steps))
  return { weight: weight.sub(step), first, second }
}

export function disposeOptimizer({ moments }: Optimizer): void {
  if (moments !== null) tf.dispose([moments.first, moments.second])
}
