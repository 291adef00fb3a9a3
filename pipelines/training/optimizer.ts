/**
 * An optimizer's step with the gradients that an engine has summed up: AdamW with decoupled weight decay, and
 * plain SGD, with PyTorch's semantics (formulas in graph/optimize.ts). Gradients are clipped by their global
 * norm.
 *
 * A uniform factor on all gradients does not change AdamW's step (up to epsilon): with AdamW, a uniform scale
 * is a placebo.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Engine } from '../engine/engine.js'
import { Learning } from '../engine/learning.js'
import { tf } from '../graph/tensorflow.js'
import type { Optimizer } from '../model/optimizer-state.js'

export type StepSettings = Pick<ExperimentConfig['update'], 'learningRate' | 'betas' | 'epsilon' | 'weightDecay'>

/**
 * Factor that clips gradients of a global norm: min(1, clipNorm / (norm + 1e-6)), as PyTorch's clip_grad_norm_
 * has it.
 */
export function clipFactor(norm: number, clipNorm: number | null): number {
  return clipNorm === null ? 1 : Math.min(1, clipNorm / (norm + 1e-6))
}

/** One step of the engine's current policy, with the sums of gradients times `factor`. */
export function optimizerStep({
  engine,
  optimizer,
  settings: { learningRate, betas, epsilon, weightDecay },
  factor,
}: {
  engine: Engine
  optimizer: Optimizer
  settings: StepSettings
  factor: number
}): void {
  const learning = engine.part(Learning)
  const steps = optimizer.steps + 1
  const decay = 1 - learningRate * weightDecay
  const { moments } = optimizer
  if (moments === null) {
    engine.beginChange()
    run(learning.descend(), [factor * learningRate, decay])
  } else {
    const [beta1, beta2] = betas
    const program = learning.adam(weightDecay !== 0)
    const { first, second } = learning.momentBindings
    first.load(moments.first)
    second.load(moments.second)
    engine.beginChange()
    first.beginChange()
    second.beginChange()
    run(program, [factor, decay, learningRate, beta1, beta2, beta1 ** steps, beta2 ** steps, epsilon])
  }
  optimizer.steps = steps
}

function run(program: (...inputs: ReturnType<typeof tf.scalar>[]) => unknown, numbers: readonly number[]): void {
  const inputs = numbers.map(number => tf.scalar(number))
  program(...inputs)
  tf.dispose(inputs)
}
