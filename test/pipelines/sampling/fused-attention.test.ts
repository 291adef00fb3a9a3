/** Attention of new tokens as one operation, against the same of TensorFlow's operations: outputs, and what is in the caches after. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FusedAttention, fusedAttention } from '../../../pipelines/graph/fused.js'
import { hasOwnOperations, rmsNorm } from '../../../pipelines/graph/kernels.js'
import { type Tensor, tf } from '../../../pipelines/graph/tensorflow.js'
import { tidy } from '../../../pipelines/graph/tidy.js'
import { type Angles, turnedBy, turningMatrices } from '../../../pipelines/model/rotary-angles.js'
import { stream } from '../../../pipelines/random.js'
import { attendWriting, attentionLayout, attentionStep } from '../../../pipelines/sampling/decoding-attention.js'

const skip = hasOwnOperations() ? false : 'this processor does not compute it'
const { normal } = stream(11, 'fused attention')

let made = 0
const random = (shape: number[]): Tensor => {
  const series = made++
  const size = shape.reduce((product, length) => product * length, 1)
  return tf.tensor(
    Float32Array.from({ length: size }, (_, index) => normal(series, index)),
    shape,
  )
}

const integers = (values: readonly number[]): Tensor => tf.tensor1d(Int32Array.from(values), 'int32')

interface Shape {
  rows: number
  heads: number
  keyHeads: number
  width: number
  prefix: number
  columns: number
  /** G if slots share prompts, else null. */
  samples: number | null
  normed: boolean
}

/** Tensors of a step, with other prompt lengths and columns for each slot. */
function stepOf({ rows, heads, keyHeads, width, prefix, columns, samples, normed }: Shape): FusedAttention {
  const prompts = samples === null ? 0 : rows / samples
  const cached = rows * keyHeads * (samples === null ? prefix + columns : columns)
  const both = (shape: number[]) => ({ keys: random(shape), values: random(shape) })
  return {
    all: random([rows, (heads + 2 * keyHeads) * width]),
    angles: { cosine: random([rows, width]), sine: random([rows, width]) },
    norms: normed ? { query: random([width]), key: random([width]) } : null,
    cache: both([cached, width]),
    prompts: samples === null ? null : both([prompts * keyHeads, prefix, width]),
    lengths: integers(Array.from({ length: rows }, (_, row) => (3 * Math.floor(row / (samples ?? 1))) % (prefix + 1))),
    columns: integers(Array.from({ length: rows }, (_, row) => (5 * row) % columns)),
    sizes: { heads, samples: samples ?? 1, prefix, columns, epsilon: 1e-5 },
  }
}

/** The same of TensorFlow's operations. The caches that it writes are copies. */
function inParts({ all, angles, norms, cache, prompts, lengths, columns, sizes }: FusedAttention, shape: Shape) {
  const { rows, heads, keyHeads, width } = shape
  const [queries, keys, values] = tf
    .split(all, [heads * width, keyHeads * width, keyHeads * width], 1)
    .map(part => part.reshape([rows, -1, width])) as [Tensor, Tensor, Tensor]
  const half = tf.zeros([width / 2, width / 2])
  const eye = tf.eye(width / 2)
  const rotation: Tensor = tf.concat([tf.concat([half, eye], 1), tf.concat([eye.neg(), half], 1)], 0)
  const ofToken = (x: Tensor) => x.reshape([rows, 1, width])
  const turning = turningMatrices({ cosine: ofToken(angles.cosine), sine: ofToken(angles.sine), rotation } as Angles)
  const turned = (x: Tensor, norm: Tensor | undefined) =>
    turnedBy(norm === undefined ? x : rmsNorm(x, norm, sizes.epsilon), turning)
  const group = heads / keyHeads
  const layout = attentionLayout({ ...sizes, keyValueHeads: keyHeads, group }, lengths)
  const copies = { keys: cache.keys.add(0) as Tensor, values: cache.values.add(0) as Tensor }
  const seen = attendWriting({
    queries: turned(queries, norms?.query),
    fresh: { keys: turned(keys, norms?.key), values },
    cache: copies,
    prompts,
    layout,
    step: attentionStep(layout, columns),
  })
  return { seen, ...copies }
}

function assertClose(found: Tensor, wanted: Tensor, what: string): void {
  assert.deepEqual(found.shape, wanted.shape)
  const error = found.sub(wanted).abs().max().dataSync()[0] as number
  assert.ok(error < 2e-5, `${what}: ${error}`)
}

const own: Shape = { rows: 5, heads: 4, keyHeads: 4, width: 32, prefix: 9, columns: 7, samples: null, normed: false }
const shapes: Record<string, Shape> = {
  'a copy of the prompt for each slot': own,
  'grouped queries': { ...own, heads: 6, keyHeads: 2, width: 64, prefix: 40, columns: 33 },
  'norms of heads': { ...own, heads: 4, keyHeads: 2, width: 16, normed: true },
  'heads of 128': { ...own, width: 128, prefix: 20, columns: 20 },
  'heads of 80': { ...own, width: 80, prefix: 17, columns: 3 },
  'heads that fill no register': { ...own, heads: 2, keyHeads: 1, width: 6 },
  'heads that fill a register and a half': { ...own, width: 24, normed: true },
  'shared prompts': { ...own, rows: 6, samples: 3 },
  'shared prompts, grouped queries, norms of heads': {
    ...{ rows: 8, heads: 9, keyHeads: 3, width: 64, prefix: 24, columns: 32, samples: 4, normed: true },
  },
  'one slot, the first token': { ...own, rows: 1, prefix: 1, columns: 1 },
}

for (const [name, shape] of Object.entries(shapes)) {
  test(`attention as one operation is that of its parts: ${name}`, { skip }, () => {
    tidy(() => {
      const step = stepOf(shape)
      const wanted = inParts(step, shape)
      assertClose(fusedAttention(step), wanted.seen, 'seen')
      assertClose(step.cache.keys, wanted.keys, 'keys')
      assertClose(step.cache.values, wanted.values, 'values')
    })
  })
}

test('the bits of a slot are those of the slot alone', { skip }, () => {
  tidy(() => {
    const shape = { ...own, rows: 40, prefix: 50, columns: 30 }
    const step = stepOf(shape)
    const together = fusedAttention(step)
    const perSlot = shape.keyHeads * (shape.prefix + shape.columns)
    for (const row of [0, 17, 39]) {
      const [only, of] = [(x: Tensor) => x.slice([row], [1]), (x: Tensor) => x.slice([row, 0], [1, -1])]
      const cacheOf = (x: Tensor) => x.slice([row * perSlot, 0], [perSlot, -1])
      const alone = fusedAttention({
        ...step,
        all: of(step.all),
        angles: { cosine: of(step.angles.cosine), sine: of(step.angles.sine) },
        cache: { keys: cacheOf(step.cache.keys), values: cacheOf(step.cache.values) },
        lengths: only(step.lengths),
        columns: only(step.columns),
      })
      assert.deepEqual(of(together).dataSync(), alone.dataSync())
    }
  })
})

test('columns outside the caches, and shapes that do not fit, are refused', { skip }, () => {
  tidy(() => {
    const step = stepOf(own)
    const all = (value: number) => integers(new Array<number>(own.rows).fill(value))
    assert.throws(() => fusedAttention({ ...step, columns: all(own.columns) }), /outside the caches/)
    assert.throws(() => fusedAttention({ ...step, columns: all(-1) }), /outside the caches/)
    assert.throws(() => fusedAttention({ ...step, lengths: all(own.prefix + 1) }), /outside the caches/)
    assert.throws(() => fusedAttention({ ...step, all: random([own.rows, 11]) }), /shapes of an attention/)
    const cache = { keys: random([3, own.width]), values: random([3, own.width]) }
    assert.throws(() => fusedAttention({ ...step, cache }), /shapes of an attention/)
  })
})
