/**
 * AdamW's step on variables, in place. A recorded step is TensorFlow's fused kernel. That kernel adds epsilon
 * to the root of the second moment before the correction for its start at zero, PyTorch after it: epsilon
 * sqrt(1 - b2^t) makes the two equal.
 *
 * AdamW, step t:  w <- w (1 - eta lambda);  m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2
 *                 w <- w - eta / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + epsilon)
 * SGD:            w <- w (1 - eta lambda) - eta g
 */

import { backend } from './native.js'
import { activeRecording } from './recording.js'
import { type Tensor, tf } from './tensorflow.js'
import type { Variable } from './variable.js'

/** Scalars of a step. They are tensors, so that a recorded program takes new values in each step. */
export interface AdamScalars {
  learningRate: Tensor
  beta1: Tensor
  beta2: Tensor
  /** b1^t and b2^t. */
  beta1Power: Tensor
  beta2Power: Tensor
  epsilon: Tensor
}

interface AdamVariables {
  weight: Variable
  first: Variable
  second: Variable
}

export function adamStep({ weight, first, second }: AdamVariables, gradient: Tensor, scalars: AdamScalars): void {
  const { learningRate, beta1, beta2, beta1Power, beta2Power, epsilon } = scalars
  const correction = tf.sqrt(tf.sub(1, beta2Power))
  const recording = activeRecording()
  if (recording === null || weight.nodes === null || first.nodes === null || second.nodes === null) {
    const m = first
      .read()
      .mul(beta1)
      .add(gradient.mul(tf.sub(1, beta1)))
    const v = second
      .read()
      .mul(beta2)
      .add(gradient.square().mul(tf.sub(1, beta2)))
    const step = m.div(v.sqrt().div(correction).add(epsilon)).mul(learningRate.div(tf.sub(1, beta1Power)))
    weight.assign(weight.read().sub(step))
    first.assign(m)
    second.assign(v)
    return
  }
  const variables = [weight, first, second]
  const inputs = [beta1Power, beta2Power, learningRate, beta1, beta2, epsilon.mul(correction), gradient]
  const node = recording.graph.add({
    op: 'ResourceApplyAdam',
    inputs: [
      ...variables.map(variable => variable.handle(recording)),
      ...inputs.map(input => recording.outputOf(input)),
    ],
    after: variables.flatMap(variable => recording.assigned.get(variable.name) ?? []),
    attributes: [{ name: 'T', type: backend().binding.TF_ATTR_TYPE, value: backend().binding.TF_FLOAT }],
  })
  for (const variable of variables) variable.changed(recording, node)
}
