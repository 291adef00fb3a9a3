/**
 * What a layer and the loss compute beside their products, as single operations that the addon brings (scripts/setup/addon/layer-passes.h). The
 * functions of kernels.ts compute the same from TensorFlow's operations, with six to ten passes over memory. The bits of both differ;
 * here they depend neither on the number of threads nor on the width of the processor's registers.
 *
 * Shapes: N rows, D width, M MLP width, V vocabulary; r slots, q prompts of G slots each, P columns of a prompt, S columns of a response,
 * H heads, K key/value heads, E head width.
 */
import { matrixProduct, withGradient } from './kernels.js'
import { backend, operation } from './native.js'
import { type Tensor, tf } from './tensorflow.js'

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

/** Heads [N, C, E] in halves, (x_1, x_2) cos + (-x_2, x_1) sin, with the angles of their tokens [N, 1, E]. No gradient for the angles. */
export function fusedRotation(heads: Tensor, angles: { cosine: Tensor; sine: Tensor }): Tensor {
  const { cosine, sine } = angles
  const rotate = withGradient((...args) => {
    const [x, save] = args as [Tensor, (saved: Tensor[]) => void]
    save([cosine, sine])
    const [value] = operation({ name: 'RlevRotate', inputs: [x, cosine, sine] }) as [Tensor]
    return {
      value,
      gradFunc: (gradient, saved) => operation({ name: 'RlevRotateGradient', inputs: [gradient, ...saved] }),
    }
  })
  return rotate(heads)
}

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
    const product = matrixProduct(input, matrix, false, true)
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

/** What `fusedAttention` reads and writes. */
export interface FusedAttention {
  /** Queries, keys and values of the new tokens side by side, before their rotation, [r, (H + 2 K) E]. */
  all: Tensor
  /** Of the tokens' positions, [r, E] each. */
  angles: { cosine: Tensor; sine: Tensor }
  /** Weights of the norms of queries and keys, [E] each. */
  norms: { query: Tensor; key: Tensor } | null
  /** Rows of E: [r K (P + S), E], or if slots share prompts [q K G S, E]. Written in place. */
  cache: { keys: Tensor; values: Tensor }
  /** If slots share prompts, these as [q K, P, E]. */
  prompts: { keys: Tensor; values: Tensor } | null
  /** Columns of each slot's prompt, and the column of the response that is written, [r] int32 each. */
  lengths: Tensor
  columns: Tensor
  sizes: { heads: number; samples: number; prefix: number; columns: number; epsilon: number }
}

/** Output of the heads [r, H E] of one new token in each slot, whose key and value are written into the caches. No gradient. */
export function fusedAttention({
  all,
  angles,
  norms,
  cache,
  prompts,
  lengths,
  columns,
  sizes,
}: FusedAttention): Tensor {
  const { TF_ATTR_INT, TF_ATTR_FLOAT } = backend().binding
  const { epsilon, ...integers } = sizes
  const none = () => tf.zeros([0]) as Tensor
  const weights = norms ?? { query: none(), key: none() }
  const shared = prompts ?? { keys: none(), values: none() }
  const [seen] = operation({
    name: 'RlevAttend',
    inputs: [
      ...[all, angles.cosine, angles.sine, weights.query, weights.key],
      ...[cache.keys, cache.values, shared.keys, shared.values, lengths, columns],
    ],
    attributes: [
      ...Object.entries({ ...integers, samples: prompts === null ? 0 : sizes.samples }).map(([name, value]) => ({
        name,
        type: TF_ATTR_INT,
        value,
      })),
      { name: 'epsilon', type: TF_ATTR_FLOAT, value: epsilon },
    ],
  })
  return seen as Tensor
}
