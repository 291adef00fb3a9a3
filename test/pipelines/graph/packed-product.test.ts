/** Products with packed matrices: what they compute, and that the bits of a row depend on nothing but the row. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasOwnOperations, packed, packedProduct, packedShape } from '../../../pipelines/graph/kernels.js'
import { type Tensor, tf } from '../../../pipelines/graph/tensorflow.js'
import { tidy } from '../../../pipelines/graph/tidy.js'
import { stream } from '../../../pipelines/random.js'

const { normal } = stream(3, 'packed products')

/** [rows, columns] */
const matrix = (name: string, rows: number, columns: number): Float32Array =>
  Float32Array.from({ length: rows * columns }, (_, index) => normal(name.length, index))

const skip = hasOwnOperations() ? false : 'this processor computes no packed products'

function product({
  x,
  w,
  depth,
  rounded = false,
}: {
  x: Float32Array
  w: Float32Array
  depth: number
  rounded?: boolean
}): Float32Array {
  return tidy(() => {
    const [rows, outputs] = [x.length / depth, w.length / depth]
    const weight: Tensor = packed(tf.tensor2d(w, [outputs, depth]), rounded)
    assert.deepEqual(weight.shape, packedShape([outputs, depth], rounded))
    const y = packedProduct(tf.tensor2d(x, [rows, depth]), weight, outputs)
    assert.deepEqual(y.shape, [rows, outputs])
    return y.dataSync() as Float32Array
  })
}

/** As in the kernel: sums over k in order, each step rounded once. Exact in float64, for numbers of few digits. */
function reference(x: Float32Array, w: Float32Array, depth: number): Float32Array {
  const [rows, outputs] = [x.length / depth, w.length / depth]
  return Float32Array.from({ length: rows * outputs }, (_, at) => {
    const [row, output] = [Math.floor(at / outputs), at % outputs]
    let sum = 0
    for (let k = 0; k < depth; k++)
      sum = Math.fround(sum + (x[row * depth + k] as number) * (w[output * depth + k] as number))
    return sum
  })
}

/** To nearest with ties to even, 8 significant bits. */
function toBfloat16(values: Float32Array): Float32Array {
  const bits = new Uint32Array(values.slice().buffer)
  return new Float32Array(bits.map(word => (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000).buffer)
}

/** With 12 significant bits, so that a product and a sum of few are exact in float64. */
const short = (values: Float32Array): Float32Array => values.map(value => Math.round(value * 512) / 512)

for (const [rows, depth, outputs] of [
  [1, 1, 32],
  [5, 17, 64],
  [12, 64, 96],
  [13, 33, 31],
  [7, 20, 45],
  [40, 100, 128],
] as const) {
  test(`a packed product of ${rows} x ${depth} by ${outputs} is the sum of fused multiply-adds in order`, {
    skip,
  }, () => {
    const [x, w] = [short(matrix('x', rows, depth)), short(matrix('ww', outputs, depth))]
    assert.deepEqual(product({ x, w, depth }), reference(x, w, depth))
  })

  test(`the bits of each of ${rows} rows are those of the row alone`, { skip }, () => {
    const [x, w] = [matrix('x', rows, depth), matrix('ww', outputs, depth)]
    for (const rounded of [false, true]) {
      const together = product({ x, w, depth, rounded })
      for (let row = 0; row < rows; row++) {
        const alone = product({ x: x.slice(row * depth, (row + 1) * depth), w, depth, rounded })
        assert.deepEqual(together.slice(row * outputs, (row + 1) * outputs), alone)
      }
    }
  })

  test(`a rounded product of ${rows} x ${depth} by ${outputs} is that of rounded numbers`, { skip }, () => {
    const [x, w] = [matrix('x', rows, depth), matrix('ww', outputs, depth)]
    assert.deepEqual(product({ x, w, depth, rounded: true }), product({ x: toBfloat16(x), w: toBfloat16(w), depth }))
  })
}

test('what is not finite stays so when it is rounded, and a half goes to the even neighbour', { skip }, () => {
  const w = new Float32Array(32 * 2)
  w.set([Number.NaN, 0, Number.POSITIVE_INFINITY, 0, 1 + 2 ** -8, 0, 1 + 3 * 2 ** -8, 0])
  const y = product({ x: Float32Array.of(1, 0), w, depth: 2, rounded: true })
  assert.deepEqual([...y.slice(0, 4)], [Number.NaN, Number.POSITIVE_INFINITY, 1, 1 + 2 ** -6])
})

test('shapes that do not fit are refused', { skip }, () => {
  const zeros = (shape: number[]) => tf.zeros(shape) as Tensor
  tidy(() => {
    const weight = packed(zeros([40, 4]), false)
    assert.throws(() => packed(zeros([40]), false), /expected a matrix/)
    assert.throws(() => packedProduct(zeros([2, 5]), weight, 40), /W packed by RlevPack/)
    assert.throws(() => packedProduct(zeros([2, 4]), weight, 65), /W packed by RlevPack/)
    assert.throws(() => packedProduct(zeros([2, 4]), zeros([32, 4]), 32), /W packed by RlevPack/)
  })
})
