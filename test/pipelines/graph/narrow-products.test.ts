/** What a program with products in bfloat16 keeps from its forward to its backward pass. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { called } from '../../../pipelines/graph/called.js'
import { FunctionLibrary, type GraphFunction } from '../../../pipelines/graph/function-library.js'
import { GraphDef } from '../../../pipelines/graph/graph-def.js'
import { bfloat16 } from '../../../pipelines/graph/narrow-products.js'
import { backend } from '../../../pipelines/graph/native.js'
import { type MatrixType, Recording } from '../../../pipelines/graph/recording.js'
import { type Tensor, tf } from '../../../pipelines/graph/tensorflow.js'

const product = (a: Tensor, b: Tensor): Tensor => tf.matMul(a as never, b as never)

/** tanh(x W) V: the products' inputs and outputs are all that its gradient needs, and the value of tanh. */
const step = ([x, w, v]: readonly Tensor[]): Tensor[] => [
  product(product(x as Tensor, w as Tensor).tanh(), v as Tensor),
]

/** The functions that a call of `step` and its gradient record, the forward one first. */
function functionsOf(matrices: MatrixType): GraphFunction[] {
  const made: GraphFunction[] = []
  class Library extends FunctionLibrary {
    override add(...given: Parameters<FunctionLibrary['add']>): GraphFunction {
      const one = super.add(...given)
      made.push(one)
      return one
    }
  }
  const graph = new GraphDef('program')
  const recording = new Recording({ graph, name: 'program', matrices, compiled: false, functions: new Library() })
  recording.record(() =>
    tf.tidy(() => {
      const type = backend().binding.TF_FLOAT
      const inputs = [[8, 4] as const, [4, 6] as const, [6, 2] as const].map((shape, index) =>
        recording.stand({ shape, output: `given_${index}:0`, type }),
      )
      const value = (...all: Tensor[]) =>
        called({ name: 'step', shapes: [[8, 2]], inputs: all, run: step })[0]?.sum() as Tensor
      tf.valueAndGrads(value as never)(inputs)
    }),
  )
  return made
}

test('a function takes and gives what is read, and of products only the numbers in bfloat16', () => {
  const { TF_FLOAT: float } = backend().binding
  const [forward, backward] = functionsOf('bfloat16') as [GraphFunction, GraphFunction]
  const count = (types: readonly number[], type: number) => types.filter(one => one === type).length
  assert.deepEqual(forward.takes, [bfloat16, bfloat16, bfloat16])
  // For the backward pass: tanh, for its own gradient, and rounded for that of V.
  assert.deepEqual([count(forward.gives, float), count(forward.gives, bfloat16)], [2, 1])
  // x, W and V as they were multiplied, tanh twice, and the gradient of the value.
  assert.deepEqual([count(backward.takes, float), count(backward.takes, bfloat16)], [2, 4])
})
