/**
 * Functions of tensors that tfjs lacks, or has with more operations than needed: single TensorFlow kernels by
 * name, and compositions with an explicit gradient. An explicit gradient saves a third of the passes over
 * memory that differentiating the parts takes.
 *
 * Shapes: N rows, D width, V vocabulary.
 */
import { computesOnGpu } from './library.js'
import { type Attribute, backend, operation } from './native.js'
import { type Tensor, tf } from './tensorflow.js'

// The type of tf.customGrad wants tensors of one rank everywhere.
type Gradient = (gradient: Tensor, saved: Tensor[]) => Tensor[]
type Differentiable = (...inputs: [...Tensor[], (saved: Tensor[]) => void]) => { value: Tensor; gradFunc: Gradient }
/** A function of tensors with a gradient of its own making. */
export const withGradient = (make: Differentiable) =>
  tf.customGrad(make as never) as unknown as (...inputs: Tensor[]) => Tensor

const booleanAttribute = (name: string, value: boolean): Attribute => ({
  name,
  type: backend().binding.TF_ATTR_BOOL,
  value,
})
const float = { T: 'float32' } as const
const first = ([tensor]: readonly Tensor[]): Tensor => tensor as Tensor

/** a b of matrices, each transposed if asked for. */
export function matrixProduct(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  const attributes = [booleanAttribute('transpose_a', transposeA), booleanAttribute('transpose_b', transposeB)]
  return first(operation({ name: 'MatMul', inputs: [a, b], types: float, attributes }))
}

/** x W^T for x [N, in] and W [out, in]. */
export const linear = withGradient((...args) => {
  const [x, weight, save] = args as [Tensor, Tensor, (saved: Tensor[]) => void]
  save([x, weight])
  return {
    value: matrixProduct(x, weight, false, true),
    gradFunc: (gradient, saved) => {
      const [input, matrix] = saved as [Tensor, Tensor]
      return [matrixProduct(gradient, matrix, false, false), matrixProduct(gradient, input, true, false)]
    },
  }
})

/** x W for x [N, in] and W [in, out]. No gradient. */
export const product = (x: Tensor, weight: Tensor): Tensor => matrixProduct(x, weight, false, false)

/** Outputs of a block of a packed matrix. */
const packedWidth = 32

/** Whether this process computes the operations that the addon brings: packed products here, and those of fused.ts. */
export const hasOwnOperations = (): boolean => !computesOnGpu() && backend().binding.hasOwnOperations()

/** A packed W [out, in]: [blocks, in, 32] float32; if rounded to bfloat16 [blocks, in, 16] int32, two numbers each. */
export const packedShape = ([outputs, inputs]: readonly [number, number], rounded: boolean): readonly number[] => [
  Math.ceil(outputs / packedWidth),
  inputs,
  rounded ? packedWidth / 2 : packedWidth,
]

/** W [out, in] packed (scripts/setup/addon/packed-product.h). */
export const packed = (weight: Tensor, rounded: boolean): Tensor =>
  first(operation({ name: rounded ? 'RlevPackRounded' : 'RlevPack', inputs: [weight] }))

/**
 * x W^T for x [N, in] and packed W [out, in]: reads W from memory once, however many rows there are. If W is rounded, x is
 * too. The bits of a row do not depend on the others. No gradient.
 */
export function packedProduct(x: Tensor, weight: Tensor, outputs: number): Tensor {
  const types = { W: weight.dtype as 'float32' | 'int32' }
  const attributes = [{ name: 'outputs', type: backend().binding.TF_ATTR_INT, value: outputs }]
  return first(operation({ name: 'RlevPackedProduct', inputs: [x, weight], types, attributes }))
}

/**
 * A batch of small matrix products. oneDNN takes over BatchMatMulV2 and is half as fast as TensorFlow's own
 * kernel for one or two rows; BatchMatMulV3 stays with TensorFlow. No gradient.
 */
export function smallProducts(a: Tensor, b: Tensor, { transposeB = false }: { transposeB?: boolean } = {}): Tensor {
  return first(
    operation({
      name: 'BatchMatMulV3',
      inputs: [a, b],
      types: { Ta: 'float32', Tb: 'float32', Tout: 'float32' },
      attributes: [booleanAttribute('adj_x', false), booleanAttribute('adj_y', transposeB)],
    }),
  )
}

const reciprocalRoot = (x: Tensor): Tensor => first(operation({ name: 'Rsqrt', inputs: [x], types: float }))

/** x r w with r = 1 / sqrt(mean(x^2) + epsilon), the mean over the last axis; w has its width. */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  const norm = withGradient((...args) => {
    const [input, scale, save] = args as [Tensor, Tensor, (saved: Tensor[]) => void]
    const factor = reciprocalRoot(input.square().mean(-1, true).add(epsilon))
    const normed = input.mul(factor)
    save([normed, factor, scale])
    return {
      value: normed.mul(scale),
      // With y = x r: dx = r (dy w - y mean(dy w y)), dw = sum(dy y).
      gradFunc: (gradient, saved) => {
        const [unit, root, by] = saved as [Tensor, Tensor, Tensor]
        const scaled = gradient.mul(by)
        const along = scaled.mul(unit).mean(-1, true)
        const axes = gradient.shape.slice(0, -1).map((_, axis) => axis)
        return [scaled.sub(unit.mul(along)).mul(root), gradient.mul(unit).sum(axes)]
      },
    }
  })
  return norm(x, weight)
}

/** silu(gate) up, silu(a) = a sigmoid(a). */
export const gated = withGradient((...args) => {
  const [gate, up, save] = args as [Tensor, Tensor, (saved: Tensor[]) => void]
  const sigmoid = gate.sigmoid()
  const active = gate.mul(sigmoid)
  save([active, sigmoid, up])
  return {
    value: active.mul(up),
    // silu'(a) = s + silu(a) (1 - s)
    gradFunc: (gradient, saved) => {
      const [silu, share, other] = saved as [Tensor, Tensor, Tensor]
      const slope = share.add(silu.mul(tf.scalar(1).sub(share)))
      return [gradient.mul(other).mul(slope), gradient.mul(silu)]
    },
  }
})

/**
 * Rows of a table [R, ...] by index. tfjs's own function reads the indices on the host to check them, which a
 * graph cannot do.
 */
export function rowsOf(table: Tensor, indices: Tensor): Tensor {
  const take = withGradient((...args) => {
    const [from, save] = args as [Tensor, (saved: Tensor[]) => void]
    const [rows] = from.shape as [number]
    save([indices])
    return {
      value: gather(from, indices, 0),
      gradFunc: (gradient, [at]) => [tf.unsortedSegmentSum(gradient, at as never, rows)],
    }
  })
  return take(table)
}

/** Element `indices[n]` of each row n of x [N, V]: [N]. No gradient. */
export const elementOfRows = (x: Tensor, indices: Tensor): Tensor => gather(x, indices, 1)

function gather(table: Tensor, indices: Tensor, batchDimensions: 0 | 1): Tensor {
  return first(
    operation({
      name: 'GatherV2',
      inputs: [table, indices, tf.scalar(batchDimensions, 'int32')],
      types: { Tparams: table.dtype as 'float32', Tindices: 'int32', Taxis: 'int32' },
      attributes: [{ name: 'batch_dims', type: backend().binding.TF_ATTR_INT, value: batchDimensions }],
    }),
  )
}

/** log softmax(logits)[target] of each row, [N], for logits [N, V] and targets [N] in 0 .. V - 1. */
export function logProbabilityOf(logits: Tensor, targets: Tensor): Tensor {
  const chosen = withGradient((...args) => {
    const [input, save] = args as [Tensor, (saved: Tensor[]) => void]
    const [loss, slope] = operation({
      name: 'SparseSoftmaxCrossEntropyWithLogits',
      inputs: [input, targets],
      types: { T: 'float32', Tlabels: 'int32' },
      outputs: 2,
    }) as [Tensor, Tensor]
    save([slope])
    return {
      value: loss.neg(),
      gradFunc: (gradient, saved) => [(saved[0] as Tensor).mul(gradient.neg().expandDims(1))],
    }
  })
  return chosen(logits)
}

/** Entropy in nats of softmax(logits), [N], for logits [N, V]. */
export function entropyOf(logits: Tensor): Tensor {
  const entropy = withGradient((...args) => {
    const [input, save] = args as [Tensor, (saved: Tensor[]) => void]
    const logs: Tensor = tf.logSoftmax(input as never)
    const probabilities = logs.exp()
    const value = probabilities.mul(logs).sum(1).neg()
    save([probabilities, logs, value])
    return {
      value,
      // dH / dlogit_j = -p_j (log p_j + H)
      gradFunc: (gradient, saved) => {
        const [shares, logShares, total] = saved as [Tensor, Tensor, Tensor]
        const slope = shares.mul(logShares.add(total.expandDims(1))).neg()
        return [slope.mul(gradient.expandDims(1))]
      },
    }
  })
  return entropy(logits)
}

/** Overwrites rows of a table [R, W] in place: all other references to the table see the change. No gradient. */
export function overwriteRows(table: Tensor, indices: Tensor, rows: Tensor): Tensor {
  const types = { T: table.dtype as 'float32' }
  return first(operation({ name: 'InplaceUpdate', inputs: [table, indices, rows], types }))
}

/** Zeros that may be overwritten: unlike a constant they are allocated in each run. */
export function freshZeros(shape: readonly number[], type: 'float32' | 'int32'): Tensor {
  return first(
    operation({
      name: 'Empty',
      inputs: [tf.tensor1d([...shape], 'int32')],
      types: { dtype: type },
      attributes: [booleanAttribute('init', true)],
    }),
  )
}

/** `whenTrue` where the condition is true, else `whenFalse`, broadcast. No gradient. */
export function select(condition: Tensor, whenTrue: Tensor, whenFalse: Tensor): Tensor {
  const types = { T: whenTrue.dtype as 'float32' }
  return first(operation({ name: 'SelectV2', inputs: [condition, whenTrue, whenFalse], types }))
}
