/**
 * AdamW with decoupled weight decay, and plain SGD, with PyTorch's semantics.
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
import type { Gradients } from './gradients.js'

export type UpdateSettings = ExperimentConfig['update']

export interface Optimizer {
  name: UpdateSettings['optimizer']
  /** Steps taken. */
  steps: number
  /** First and second moments by the weights' names; empty for SGD. */
  first: Map<string, Tensor>
  second: Map<string, Tensor>
}

export type StepSettings = Pick<UpdateSettings, 'learningRate' | 'betas' | 'epsilon' | 'weightDecay'>

export function createOptimizer(policy: Policy, { optimizer: name }: Pick<UpdateSettings, 'optimizer'>): Optimizer {
  const zeros = () =>
    new Map(name === 'adamw' ? [...policy.weights].map(([key, weight]) => [key, tf.zerosLike(weight)]) : [])
  return { name, steps: 0, first: zeros(), second: zeros() }
}

/** One step: replaces the policy's weights and the moments. Gradients are multiplied by `factor` first. */
export function applyGradients({
  policy,
  optimizer,
  gradients,
  settings,
  factor = 1,
}: {
  policy: Policy
  optimizer: Optimizer
  gradients: Gradients
  settings: StepSettings
  factor?: number
}): void {
  optimizer.steps++
  for (const [name, weight] of policy.weights) {
    const gradient = gradients.get(name) as Tensor
    switch (optimizer.name) {
      case 'adamw': {
        const first = optimizer.first.get(name) as Tensor
        const second = optimizer.second.get(name) as Tensor
        const next = tidy(() =>
          adamw({ weight, gradient: gradient.mul(factor), first, second, settings, steps: optimizer.steps }),
        )
        policy.weights.set(name, next.weight)
        optimizer.first.set(name, next.first)
        optimizer.second.set(name, next.second)
        tf.dispose([weight, first, second])
        break
      }
      case 'sgd': {
        const { learningRate, weightDecay } = settings
        policy.weights.set(
          name,
          tidy(() => weight.mul(1 - learningRate * weightDecay).sub(gradient.mul(learningRate * factor))),
        )
        weight.dispose()
        break
      }
      default:
        optimizer.name satisfies never
    }
  }
}

function adamw({
  weight,
  gradient,
  first,
  second,
  settings: { learningRate, betas, epsilon, weightDecay },
  steps,
}: {
  weight: Tensor
  gradient: Tensor
  first: Tensor
  second: Tensor
  settings: StepSettings
  steps: number
}): { weight: Tensor; first: Tensor; second: Tensor } {
  const [beta1, beta2] = betas
  const m = first.mul(beta1).add(gradient.mul(1 - beta1))
  const v = second.mul(beta2).add(gradient.square().mul(1 - beta2))
  const root = v
    .sqrt()
    .div(Math.sqrt(1 - beta2 ** steps))
    .add(epsilon)
  const decayed = weightDecay === 0 ? weight : weight.mul(1 - learningRate * weightDecay)
  return { weight: decayed.sub(m.div(root).mul(learningRate / (1 - beta1 ** steps))), first: m, second: v }
}

export function disposeOptimizer(optimizer: Optimizer): void {
  tf.dispose([...optimizer.first.values(), ...optimizer.second.values()])
  optimizer.first.clear()
  optimizer.second.clear()
}
