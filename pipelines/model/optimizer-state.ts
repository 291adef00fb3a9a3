/**
 * What an optimizer remembers between its steps: their number and, for AdamW, two moments of each tensor that
 * is trained.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { DeviceTensors } from '../graph/device-tensors.js'
import { tf } from '../graph/tensorflow.js'
import { type Policy, trainable } from './policy.js'

/** m and v, by the names of the trained tensors, in their shapes. */
export interface Moments {
  first: DeviceTensors
  second: DeviceTensors
}

export interface Optimizer {
  name: ExperimentConfig['update']['optimizer']
  /** Steps taken. */
  steps: number
  /** null for SGD, which remembers nothing. */
  moments: Moments | null
}

/** The state before the first step: moments of 0. */
export function createOptimizer(policy: Policy, { optimizer: name }: { optimizer: Optimizer['name'] }): Optimizer {
  if (name === 'sgd') return { name, steps: 0, moments: null }
  const zeros = () =>
    new DeviceTensors([...trainable(policy).shapes].map(([key, shape]) => [key, tf.fill([...shape], 0)]))
  return { name, steps: 0, moments: { first: zeros(), second: zeros() } }
}

export function disposeOptimizer({ moments }: Optimizer): void {
  moments?.first.dispose()
  moments?.second.dispose()
}
