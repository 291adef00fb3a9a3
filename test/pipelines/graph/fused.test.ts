/** Single operations for a layer's norm and gate and for log-probabilities: values, gradients, and what their bits depend on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fusedGated, fusedNorm, fusedRotation, linearLogProbability } from '../../../pipelines/graph/fused.js'
import { gated, hasOwnOperations, linear, logProbabilityOf, rmsNorm } from '../../../pipelines/graph/kernels.js'
import { operation } from '../../../pipelines/graph/native.js'
import { type Tensor, tf } from '../../../pipelines/graph/tensorflow.js'
import { tidy } from '../../../pipelines/graph/tidy.js'
import { stream } from '../../../pipelines/random.js'

const skip = hasOwnOperations() ? false : 'this processor does not compute them'
const { normal } = stream(5, 'fused operations')

/** [rows, columns] */
const matrix = (name: string, rows: number, columns: number, factor = 1): Tensor =>
  tf.tensor2d(
    Float32Array.from({ length: rows * columns }, (_, index) => factor * normal(name.length, index)),
    [rows, columns],
  )

const vector = (name: string, size: number): Tensor => matrix(name, 1, size).reshape([size])

const valuesOf = (tensor: Tensor): Float32Array => tensor.dataSync() as Float32Array

/** The value, and the gradients of the sum of its products with numbers, by each input. */
function withGradients(run: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]): Tensor[] {
  let value: Tensor | undefined
  const { grads } = tf.valueAndGrads((...given) => {
    const made = run(...(given as Tensor[]))
    value = tf.keep(made.clone())
    const weights = tf.tensor(
      Float32Array.from({ length: made.size }, (_, index) => normal(99, index)),
      made.shape,
    )
    return made.mul(weights).sum() as never
  })([...inputs])
  return [value as Tensor, ...grads]
}

/** Difference relative to the largest number. */
function distance(found: Tensor, wanted: Tensor): number {
  assert.deepEqual(found.shape, wanted.shape)
  const scale = Math.max(...valuesOf(wanted.abs().max()))
  return (valuesOf(found.sub(wanted).abs().max())[0] as number) / scale
}

function assertSame(found: readonly Tensor[], wanted: readonly Tensor[], limit = 2e-6): void {
  assert.equal(found.length, wanted.length)
  for (const [index, tensor] of found.entries()) {
    const error = distance(tensor, wanted[index] as Tensor)
    assert.ok(error <= limit, `output ${index}: ${error}`)
  }
}

for (const [rows, width] of [
  [1, 1],
  [3, 15],
  [7, 16],
  [5, 50],
  [70, 576],
] as const) {
  test(`a norm of ${rows} x ${width}, and its gradients, are those of TensorFlow's operations`, { skip }, () => {
    tidy(() => {
      const inputs = [matrix('x', rows, width), vector('weight', width)]
      const run = (norm: typeof rmsNorm) => withGradients((x, w) => norm(x as Tensor, w as Tensor, 1e-5), inputs)
      assertSame(run(fusedNorm), run(rmsNorm), width === 1 ? 1e-2 : 5e-6)
    })
  })

  test(`a gate of ${rows} x ${width}, and its gradients, are those of TensorFlow's operations`, { skip }, () => {
    tidy(() => {
      const inputs = [matrix('both', rows, 2 * width, 3)]
      const split = (both: Tensor): Tensor => {
        const [gate, up] = tf.split(both, 2, 1) as [Tensor, Tensor]
        return gated(gate, up)
      }
      assertSame(withGradients(fusedGated, inputs), withGradients(split as typeof fusedGated, inputs))
    })
  })

  for (const biased of [false, true]) {
    test(`log-probabilities of ${rows} x ${width}${biased ? ' with a bias' : ''}, and their gradients, too`, {
      skip,
    }, () => {
      tidy(() => {
        const vocabulary = width + 3
        const inputs = [matrix('x', rows, 12), matrix('weights', vocabulary, 12, 0.5)]
        const targets = tf.tensor1d(
          Int32Array.from({ length: rows }, (_, row) => (7 * row) % vocabulary),
          'int32',
        )
        const bias = biased ? vector('bias', vocabulary) : null
        const apart = (x: Tensor, weight: Tensor): Tensor => {
          const logits = linear(x, weight)
          return logProbabilityOf(bias === null ? logits : logits.add(bias), targets)
        }
        const together = (x: Tensor, weight: Tensor) => linearLogProbability({ x, weight, bias, targets })
        assertSame(
          withGradients(together as typeof apart & typeof linear, inputs),
          withGradients(apart as typeof linear, inputs),
        )
      })
    })
  }
}

for (const width of [2, 6, 32, 40, 64]) {
  test(`a rotation of heads of ${width}, and its gradient, are those of the halves`, { skip }, () => {
    tidy(() => {
      const [rows, heads] = [5, 3]
      const angles = {
        cosine: matrix('c', rows, width).reshape([rows, 1, width]),
        sine: matrix('si', rows, width).reshape([rows, 1, width]),
      }
      const inputs = [matrix('x', rows, heads * width).reshape([rows, heads, width])]
      const apart = (x: Tensor): Tensor => {
        const [low, high] = tf.split(x, 2, 2) as [Tensor, Tensor]
        return x.mul(angles.cosine).add(tf.concat([high.neg(), low], 2).mul(angles.sine))
      }
      assertSame(
        withGradients(x => fusedRotation(x as Tensor, angles), inputs),
        withGradients(x => apart(x as Tensor), inputs),
      )
    })
  })
}

test('heads are normed along their last axis', { skip }, () => {
  tidy(() => {
    const x = matrix('heads', 6, 40).reshape([2, 3, 40])
    assertSame([fusedNorm(x, vector('weight', 40), 1e-6)], [rmsNorm(x, vector('weight', 40), 1e-6)])
  })
})

test('the bits of a row are those of the row alone', { skip }, () => {
  tidy(() => {
    const [rows, width] = [200, 344]
    const x = matrix('x', rows, width)
    const weight = vector('weight', width)
    for (const run of [(part: Tensor) => fusedNorm(part, weight, 1e-6), fusedGated]) {
      const together = run(x)
      for (const row of [0, 1, 47, 199]) {
        assert.deepEqual(valuesOf(together.slice([row, 0], [1, -1])), valuesOf(run(x.slice([row, 0], [1, width]))))
      }
    }
  })
})

test('a gate far from 0 is 0 or its value, and what is not a number stays so', { skip }, () => {
  tidy(() => {
    const found = fusedGated(tf.tensor2d([-200, 200, Number.NaN, 0, 1, 1, 1, 5], [1, 8]))
    assert.deepEqual([...valuesOf(found)], [-0, 200, Number.NaN, 0])
    const [chosen] = logProbability([0, Number.NaN, 1], [0])
    assert.ok(Number.isNaN(chosen))
    const normed = fusedNorm(tf.tensor2d([1, Number.NaN], [1, 2]), tf.tensor1d([1, 1]), 1e-6)
    assert.ok(valuesOf(normed).every(Number.isNaN))
  })
})

/** Outputs of the operation for one row: log p, and its derivatives. */
function logProbability(logits: readonly number[], targets: readonly number[]): number[] {
  const inputs = [tf.tensor2d([...logits], [1, logits.length]), tf.tensor1d([...targets], 'int32')]
  return operation({ name: 'RlevLogProbability', inputs, outputs: 2 }).flatMap(output => [...valuesOf(output)])
}

test('log-probabilities are exact where the logits are far apart, and derivatives of what is out of reach are 0', {
  skip,
}, () => {
  tidy(() => {
    const half = Math.fround(Math.log(0.5))
    const found = logProbability([3, -1e9, 3], [2])
    assert.ok(Math.abs((found[0] as number) - half) < 1e-7)
    assert.deepEqual(found.slice(1), [-0.5, -0, 0.5])
  })
})

test('shapes that do not fit, and targets outside the vocabulary, are refused', { skip }, () => {
  tidy(() => {
    assert.throws(() => fusedGated(tf.zeros([2, 3])), /gate and up side by side/)
    assert.throws(() => fusedNorm(tf.zeros([2, 3]), tf.zeros([4]), 1e-6), /a weight \[D\]/)
    const angles = { cosine: tf.zeros([2, 1, 4]), sine: tf.zeros([2, 1, 4]) }
    assert.throws(() => fusedRotation(tf.zeros([2, 3, 6]), angles), /angles \[N, E\]/)
    assert.throws(() => logProbability([1, 2], [2]), /outside the vocabulary/)
    assert.throws(() => logProbability([1, 2], [0, 1]), /targets \[N\]/)
  })
})
