/** Gradients of a scalar function of a policy's weights, as one vector; their global norm and its clipping. */
import type { Weights } from '../policy/decoder.js'
import { type Tensor, tf } from '../policy/tensorflow.js'
import { tidy } from '../policy/tidy.js'
import { layoutOf, toVector } from './vector.js'

/** The scalar and its gradient, a vector laid out as `layoutOf(weights)` says. `loss` is called once, with the weights under the gradient tape. */
export function gradientsOf(weights: Weights, loss: (weights: Weights) => Tensor): { value: Tensor; gradient: Tensor } {
  return tidy(() => {
    const names = [...weights.keys()]
    const { value, grads } = tf.valueAndGrads((...tensors) => {
      return loss(new Map(names.map((name, index) => [name, tensors[index] as Tensor]))) as never
    })([...weights.values()])
    const gradients = new Map(names.map((name, index) => [name, grads[index] as Tensor]))
    return { value: value as Tensor, gradient: toVector(gradients, layoutOf(weights)) }
  })
}

/** sqrt(sum of squares). */
export function normOf(gradient: Tensor): number {
  const squares = tidy(() => gradient.square().sum())
  const norm = Math.sqrt((squares.dataSync() as Float32Array)[0] as number)
  squares.dispose()
  return norm
}

/** min(1, clipNorm / (norm + 1e-6)), as PyTorch's clip_grad_norm_ has it. */
export function clipFactor(norm: number, clipNorm: number | null): number {
  return clipNorm === null ? 1 : Math.min(1, clipNorm / (norm + 1e-6))
}
