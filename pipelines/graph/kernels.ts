/**
 * Functions of tensors that tfjs has not, or has with more operations than they need: single TensorFlow kernels by name, and
 * compositions with a gradient written out, which saves a third of the passes over memory that a tape of their parts makes.
 *
 * Shapes: N rows, D width, V vocabulary.
 */
import { type Attribute, backend, operation } from './native.js'
import { type Tensor, tf } from './tensorflow.js'

// The type of tf.customGrad wants tensors of one rank everywhere.
type Gradient = (gradient: Tensor, saved: Tensor[]) => Tensor[]
type Differentiable = (...inputs: [...Tensor[], (saved: Tensor[]) => void]) => { value: Tensor; gradFunc: Gradient }
const withGradient = (make: Differentiable) =>
  tf.customGrad(make as never) as unknown as (...inputs: Tensor[]) => Tensor

const truth = (name: string, value: boolean): Attribute => ({ name, type: backend().binding.TF_ATTR_BOOL, value })
const float = { T: 'float32' } as const
const first = ([tensor]: readonly Tensor[]): Tensor => tensor as Tensor

/** a b, either of them transposed, for matrices. */
function matrixProduct(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  const attributes = [truth('transpose_a', transposeA), truth('transpose_b', transposeB)]
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

/**
 * A product of many small matrices, which for one or two rows each oneDNN computes at half the speed of TensorFlow's own
 * kernel; this version of the operation is left to the latter. No gradient.
 */
export function smallProducts(a: Tensor, b: Tensor, { transposeB = false }: { transposeB?: boolean } = {}): Tensor {
  return first(
    operation({
      name: 'BatchMatMulV3',
      inputs: [a, b],
      types: { Ta: 'float32', Tb: 'float32', Tout: 'float32' },
      attributes: [truth('adj_x', false), truth('adj_y', transposeB)],
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

/** Rows of a table [R, ...] by index; tfjs reads the indices on the host to check them, a graph cannot. */
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

/** Overwrites rows of a table [R, W], in place: whoever else holds the table sees it. No gradient. */
export function overwriteRows(table: Tensor, indices: Tensor, rows: Tensor): Tensor {
  const types = { T: table.dtype as 'float32' }
  return first(operation({ name: 'InplaceUpdate', inputs: [table, indices, rows], types }))
}

/** A fresh tensor of zeros, which may be overwritten: unlike a constant it is made anew in each run. */
export function freshZeros(shape: readonly number[], type: 'float32' | 'int32'): Tensor {
  return first(
    operation({
      name: 'Empty',
      inputs: [tf.tensor1d([...shape], 'int32')],
      types: { dtype: type },
      attributes: [truth('init', true)],
    }),
  )
}

/** `whenTrue` where the condition holds, else `whenFalse`, broadcast. No gradient. */
export function select(condition: Tensor, whenTrue: Tensor, whenFalse: Tensor): Tensor {
  const types = { T: whenTrue.dtype as 'float32' }
  return first(operation({ name: 'SelectV2', inputs: [condition, whenTrue, whenFalse], types }))
}
