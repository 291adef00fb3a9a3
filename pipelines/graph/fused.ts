/**
 * What a layer and the loss compute beside their products, as single operations that the addon brings (scripts/setup/addon/layer-passes.h). The
 * functions of kernels.ts compute the same from TensorFlow's operations, with six to ten passes over memory. The bits of both differ;
 * here they depend neither on the number of threads nor on the width of the processor's registers.
 *
 * Shapes: N rows, D width, M MLP width, V vocabulary.
 */
import { linear, matrixProduct, withGradient } from './kernels.js'
import { backend, operation } from './native.js'
import type { Tensor } from './tensorflow.js'

/** x w / sqrt(mean(x^2) + epsilon), the mean over the last axis; w has its width. */
export function fusedNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  const attributes = [{ name: 'epsilon', type: backend().binding.TF_ATTR_FLOAT, value: epsilon }]
  const norm = withGradient((...args) => {
    const [input, scale, save] = args as [Tensor, Tensor, (saved: Tensor[]) => void]
    save([input, scale])
    const [value] = operation({ name: 'RlevNorm', inputs: [input, scale], attributes }) as [Tensor]
    return {
      value,
      gradFunc: (gradient, saved) =>
        operation({ name: 'RlevNormGradient', inputs: [...saved, gradient], attributes, outputs: 2 }),
    }
  })
  return norm(x, weight)
}

/** silu(gate) up [N, M], of gate and up side by side [N, 2 M]; silu(a) = a sigmoid(a). */
export const fusedGated = withGradient((...args) => {
  const [both, save] = args as [Tensor, (saved: Tensor[]) => void]
  save([both])
  const [value] = operation({ name: 'RlevGated', inputs: [both] }) as [Tensor]
  return {
    value,
    gradFunc: (gradient, saved) => operation({ name: 'RlevGatedGradient', inputs: [...saved, gradient] }),
  }
})

/**
 * log softmax(x W^T + b)[target] of each row [N], for x [N, D], W [V, D], b [V] or null, and targets [N] in 0 .. V - 1. With p' [N, V]
 * the derivatives by the logits, which take the place of the logits in memory, and g the gradient of each row:
 * dx = g (p' W), dW = p'^T (g x).
 */
export function linearLogProbability({
  x,
  weight,
  bias,
  targets,
}: {
  x: Tensor
  weight: Tensor
  bias: Tensor | null
  targets: Tensor
}): Tensor {
  const chosen = withGradient((...args) => {
    const [input, matrix, save] = args as [Tensor, Tensor, (saved: Tensor[]) => void]
    const product = linear(input, matrix)
    const logits = bias === null ? product : product.add(bias)
    const [value, slope] = operation({ name: 'RlevLogProbability', inputs: [logits, targets], outputs: 2 }) as [
      Tensor,
      Tensor,
    ]
    save([input, matrix, slope])
    return {
      value,
      gradFunc: (gradient, saved) => {
        const [rows, columns, slopes] = saved as [Tensor, Tensor, Tensor]
        const ofRow = gradient.expandDims(1)
        return [
          matrixProduct(slopes, columns, false, false).mul(ofRow),
          matrixProduct(slopes, rows.mul(ofRow), true, false),
        ]
      },
    }
  })
  return chosen(x, weight)
}
