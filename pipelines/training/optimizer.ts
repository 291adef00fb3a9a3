/**
 * An optimizer's state and its step with the gradients that an engine has summed up: AdamW with decoupled weight decay, and plain
 * SGD, with PyTorch's semantics (formulas in policy/graph/optimize.ts).
 *
 * A uniform factor on all gradients leaves AdamW's step as it is (up to epsilon): there a uniform scale is a placebo.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Engine } from '../engine/engine.js'
import { engineFor } from '../engine/engine-cache.js'
import { Learning } from '../engine/learning.js'
import { DeviceTensors } from '../graph/device-tensors.js'
import { tf } from '../graph/tensorflow.js'
import { type Policy, trainable } from '../model/policy.js'

export type UpdateSettings = ExperimentConfig['update']

/** m and v, by the names of what is trained. */
export interface Moments {
  first: DeviceTensors
  second: DeviceTensors
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
  const zeros = () => new DeviceTensors([...trainable(policy)].map(([key, { shape }]) => [key, tf.fill([...shape], 0)]))
  return { name, steps: 0, moments: { first: zeros(), second: zeros() } }
}

/** Compiles what a step needs, so that it is loaded together with what comes before it. */
export function prepareStep(
  policy: Policy,
  { name }: Optimizer,
  { weightDecay }: Pick<StepSettings, 'weightDecay'>,
): void {
  const learning = engineFor(policy).part(Learning)
  if (name === 'sgd') learning.descend()
  else learning.adam(weightDecay !== 0)
}

/** One step of the policy that the engine holds, with the sums of gradients, which are multiplied by `factor` first. */
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
    engine.change()
    run(learning.descend(), [factor * learningRate, decay])
  } else {
    const [beta1, beta2] = betas
    const program = learning.adam(weightDecay !== 0)
    learning.loans.first.hold(moments.first)
    learning.loans.second.hold(moments.second)
    engine.change()
    learning.loans.first.change()
    learning.loans.second.change()
    run(program, [factor, decay, learningRate, beta1, beta2, beta1 ** steps, beta2 ** steps, epsilon])
  }
  optimizer.steps = steps
}

function run(program: (...inputs: ReturnType<typeof tf.scalar>[]) => unknown, numbers: readonly number[]): void {
  const inputs = numbers.map(number => tf.scalar(number))
  program(...inputs)
  tf.dispose(inputs)
}

export function disposeOptimizer({ moments }: Optimizer): void {
  moments?.first.dispose()
  moments?.second.dispose()
}
