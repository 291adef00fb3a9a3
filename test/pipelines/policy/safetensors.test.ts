import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { RlevError } from '../../../pipelines/errors.js'
import { decodeSafetensors, encodeSafetensors, type TensorData } from '../../../pipelines/policy/safetensors.js'

const tensor = fc.array(fc.nat({ max: 4 }), { maxLength: 3 }).chain(shape => {
  const size = shape.reduce((product, length) => product * length, 1)
  return fc
    .array(fc.float({ noNaN: false }), { minLength: size, maxLength: size })
    .map((values): TensorData => ({ shape, values: Float32Array.from(values) }))
})
const tensors = fc
  .uniqueArray(fc.tuple(fc.string({ unit: 'grapheme' }), tensor), { selector: ([name]) => name, maxLength: 5 })
  .map(entries => entries.filter(([name]) => name !== '__metadata__'))

function bits({ shape, values }: TensorData): unknown {
  return { shape, bits: [...new Uint32Array(values.buffer, values.byteOffset, values.length)] }
}

/** The bytes of a file with this header and data. */
function file(header: unknown, data: ArrayLike<number> = []): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + text.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
  bytes.set(text, 8)
  bytes.set(data, 8 + text.length)
  return bytes
}

function refused(bytes: Uint8Array, words: RegExp): void {
  assert.throws(
    () => decodeSafetensors(bytes, 'x.safetensors'),
    (error: unknown) => error instanceof RlevError && error.kind === 'CheckpointInvalid' && words.test(error.message),
  )
}

test('what is written is read back to the bit, not-a-number and infinities included', () => {
  fc.assert(
    fc.property(tensors, fc.dictionary(fc.string(), fc.string()), (entries, metadata) => {
      const read = decodeSafetensors(encodeSafetensors({ tensors: new Map(entries), metadata }), 'x')
      assert.deepEqual(new Map(Object.entries(read.metadata)), new Map(Object.entries(metadata)))
      const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
      assert.deepEqual(
        [...read.tensors]
          .map(([name, data]) => [name, bits(data)])
          .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
        sorted.map(([name, data]) => [name, bits(data)]),
      )
    }),
  )
})

test('the order in which tensors are given does not change the bytes', () => {
  fc.assert(
    fc.property(tensors, entries => {
      const forward = encodeSafetensors({ tensors: new Map(entries) })
      const backward = encodeSafetensors({ tensors: new Map([...entries].reverse()) })
      assert.deepEqual(forward, backward)
    }),
  )
})

test('any cut of a file is refused, never read as something else', () => {
  const whole = encodeSafetensors({ tensors: new Map([['a', { shape: [3], values: Float32Array.of(1, 2, 3) }]]) })
  for (let length = 0; length < whole.length; length++) refused(whole.slice(0, length), /damaged or cut short/)
})

test('a file of the reference implementation is read', () => {
  const path = 'test/fixtures/qwen2-tiny/model.safetensors'
  const { tensors: read, metadata } = decodeSafetensors(readFileSync(path), path)
  assert.equal(read.size, 38)
  assert.deepEqual(metadata, { format: 'pt' })
  assert.deepEqual(read.get('model.embed_tokens.weight')?.shape, [640, 64])
})

test('bfloat16 and float16 are widened exactly', () => {
  // 1.5, -2 and the smallest subnormal; as bfloat16 1.5, -2, 2^-133.
  const half = { a: { dtype: 'F16', shape: [3], data_offsets: [0, 6] } }
  const brain = { a: { dtype: 'BF16', shape: [3], data_offsets: [0, 6] } }
  const read = (header: unknown, data: number[]) => [
    ...(decodeSafetensors(file(header, data), 'x').tensors.get('a')?.values ?? []),
  ]
  assert.deepEqual(read(half, [0x00, 0x3e, 0x00, 0xc0, 0x01, 0x00]), [1.5, -2, 2 ** -24])
  assert.deepEqual(read(half, [0x00, 0x7c, 0x00, 0xfc, 0x00, 0x80]), [Infinity, -Infinity, -0])
  assert.deepEqual(read(brain, [0xc0, 0x3f, 0x00, 0xc0, 0x01, 0x00]), [1.5, -2, 2 ** -133])
})

test('a damaged header is refused by the name of the tensor or by what is wrong', () => {
  const entry = (dtype: string, shape: number[], offsets: number[]) => ({ dtype, shape, data_offsets: offsets })
  refused(file('{'), /header in JSON/)
  refused(file([]), /JSON object/)
  refused(file({ w: entry('I64', [1], [0, 8]) }, new Uint8Array(8)), /tensor w[\s\S]*I64/)
  refused(file({ w: entry('F32', [2], [0, 4]) }, new Uint8Array(4)), /tensor w[\s\S]*8 bytes/)
  refused(file({ w: entry('F32', [1], [4, 8]) }, new Uint8Array(8)), /tensor w[\s\S]*from byte 0/)
  refused(file({ w: entry('F32', [2], [0, 8]) }, new Uint8Array(4)), /tensor w[\s\S]*up to byte 8/)
  refused(file({ w: entry('F32', [1], [0, 4]) }, new Uint8Array(5)), /4 bytes of data/)
  refused(file({ v: entry('F32', [1], [0, 4]), w: entry('F32', [1], [0, 4]) }, new Uint8Array(4)), /tensor w/)
  refused(file({ __metadata__: { a: 1 } }), /__metadata__/)
  const endless = file({})
  new DataView(endless.buffer).setBigUint64(0, 2n ** 63n, true)
  refused(endless, /a header of at most/)
})
