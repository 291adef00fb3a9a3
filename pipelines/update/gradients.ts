/** Gradients of a scalar function of a policy's weights, summed over micro-batches; and their global norm. */
import type { Weights } from '../policy/decoder.js'
import { type Tensor, tf } from '../policy/tensorflow.js'
import { tidy } from '../policy/tidy.js'

/** By the weights' names; owned by whoever asked for them. */
export type Gradients = Map<string, Tensor>

/** `loss` is called once, with the weights under the gradient tape; what it returns must be a scalar tensor. */
export function gradientsOf(
  weights: Weights,
  loss: (weights: Weights) => Tensor,
): { value: Tensor; gradients: Gradients } {
  return tidy(() => {
    const names = [...weights.keys()]
    const { value, grads } = tf.valueAndGrads((...tensors) => {
      return loss(new Map(names.map((name, index) => [name, tensors[index] as Tensor]))) as never
    })([...weights.values()])
    return {
      value: value as Tensor,
      gradients: new Map(names.map((name, index) => [name, tf.keep(grads[index] as Tensor)])),
    }
  })
}

/** Adds `more` to `sum` in place and frees both terms. */
export function accumulate(sum: Gradients, more: Gradients): void {
  for (const [name, gradient] of more) {
    const before = sum.get(name)
    sum.set(name, before === undefined ? gradient : before.add(gradient))
    if (before !== undefined) tf.dispose([before, gradient])
  }
}

/** sqrt(sum of squares over all tensors). */
export function globalNorm(gradients: Gradients): number {
  const squares = tidy(() => tf.stack([...gradients.values()].map(gradient => gradient.square().sum())).sum())
  const norm = Math.sqrt((squares.dataSync() as Float32Array)[0] as number)
  squares.dispose()
  return norm
}

/** min(1, clipNorm / (norm + 1e-6)), as PyTorch's clip_grad_norm_ has it. */
export function clipFactor(norm: number, clipNorm: number | null): number {
  return clipNorm === null ? 1 : Math.min(1, clipNorm / (norm + 1e-6))
}

export function disposeGradients(gradients: Gradients): void {
  tf.dispose([...gradients.values()])
}
