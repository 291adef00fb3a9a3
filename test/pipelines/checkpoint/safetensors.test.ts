import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { readSafetensorsHeader, readTensors } from '../../../pipelines/checkpoint/safetensors-reader.js'
import { type WritableTensor, writeSafetensors } from '../../../pipelines/checkpoint/safetensors-writer.js'
import { RlevError } from '../../../pipelines/errors.js'
import { encoded, fileOf, type Tensors, tensorsIn } from './safetensors-bytes.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-safetensors-'))
after(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'x.safetensors')

const tensor = fc.array(fc.nat({ max: 4 }), { maxLength: 3 }).chain(shape => {
  const size = shape.reduce((product, length) => product * length, 1)
  return fc
    .array(fc.float({ noNaN: false }), { minLength: size, maxLength: size })
    .map(values => ({ shape, values: Float32Array.from(values) }))
})
const tensors = fc
  .uniqueArray(fc.tuple(fc.string({ unit: 'grapheme' }), tensor), { selector: ([name]) => name, maxLength: 5 })
  .map(entries => new Map(entries.filter(([name]) => name !== '__metadata__')))
const texts = fc.dictionary(fc.string(), fc.string())

async function written(given: Tensors, metadata: Readonly<Record<string, string>> = {}): Promise<Uint8Array> {
  const writable = [...given].map(([name, { shape, values }]): [string, WritableTensor] => [
    name,
    { shape, data: () => Promise.resolve(values) },
  ])
  await writeSafetensors(path, { tensors: new Map(writable), metadata })
  return readFileSync(path)
}

function bits(given: Tensors): unknown {
  const names = [...given.keys()].sort()
  return names.map(name => {
    const { shape, values } = given.get(name) as { shape: readonly number[]; values: Float32Array }
    return [name, shape, [...new Uint32Array(values.buffer, values.byteOffset, values.length)]]
  })
}

function refused(bytes: Uint8Array, words: RegExp): void {
  writeFileSync(path, bytes)
  refusedAt(path, words)
}

function refusedAt(place: string, words: RegExp): void {
  assert.throws(
    () => readSafetensorsHeader(place),
    (error: unknown) => {
      assert.ok(error instanceof RlevError)
      assert.equal(error.kind, 'CheckpointInvalid')
      assert.match(error.message, words)
      assert.ok(error.message.startsWith(place))
      return true
    },
  )
}

test('values are read back with the same bits, NaN and infinities included', async () => {
  await fc.assert(
    fc.asyncProperty(tensors, texts, async (given, metadata) => {
      await written(given, metadata)
      assert.deepEqual(new Map(Object.entries(readSafetensorsHeader(path).metadata)), new Map(Object.entries(metadata)))
      assert.deepEqual(bits(await tensorsIn(path)), bits(given))
    }),
  )
})

test('a file that is written tensor by tensor has the bytes of one made in memory, in any order of the tensors', async () => {
  await fc.assert(
    fc.asyncProperty(tensors, texts, async (given, metadata) => {
      const whole = Buffer.from(encoded(given, { metadata }))
      assert.deepEqual(await written(given, metadata), whole)
      assert.deepEqual(await written(new Map([...given].reverse()), metadata), whole)
    }),
  )
})

test('the digest of given tensors stays what it is', async () => {
  const given = new Map([
    ['b', { shape: [2, 2], values: Float32Array.of(1, -2, 0.5, 3) }],
    ['a', { shape: [], values: Float32Array.of(7) }],
  ])
  assert.equal(
    createHash('sha256')
      .update(await written(given, { format: 'pt' }))
      .digest('hex'),
    '5c2c210259d10db6b75b6f3d293ec9a9545645ee38bd39724e6446d533e0635a',
  )
})

test('a file that is cut at any byte is refused, because its header does not fit', () => {
  const whole = encoded(new Map([['a', { shape: [3], values: Float32Array.of(1, 2, 3) }]]))
  for (let length = 0; length < whole.length; length++) refused(whole.slice(0, length), /damaged or incomplete/)
})

test('a file that is cut after its header was read is refused, and the tensor named', async () => {
  await written(new Map(['a', 'b'].map(name => [name, { shape: [3], values: Float32Array.of(1, 2, 3) }])))
  const { tensors: stored } = readSafetensorsHeader(path)
  truncateSync(path, readFileSync(path).length - 1)
  const read: string[] = []
  await assert.rejects(async () => {
    for await (const { name } of readTensors({ path, tensors: [...stored.values()] })) read.push(name)
  }, /x\.safetensors, tensor b[\s\S]*12 bytes[\s\S]*only 11/)
  assert.deepEqual(read, ['a'])
})

test('a file of the reference implementation is read', async () => {
  const golden = 'test/fixtures/qwen2-tiny/model.safetensors'
  assert.deepEqual(readSafetensorsHeader(golden).metadata, { format: 'pt' })
  const read = await tensorsIn(golden)
  assert.equal(read.size, 38)
  assert.deepEqual(read.get('model.embed_tokens.weight')?.shape, [640, 64])
})

test('bfloat16 and float16 are widened exactly', async () => {
  const read = async (dtype: string, numbers: number[]) => {
    const data = new Uint8Array(Uint16Array.from(numbers).buffer)
    writeFileSync(path, fileOf({ a: { dtype, shape: [numbers.length], data_offsets: [0, data.length] } }, data))
    return [...((await tensorsIn(path)).get('a')?.values ?? [])]
  }
  assert.deepEqual(await read('F16', [0x3e00, 0xc000, 0x0001, 0x03ff]), [1.5, -2, 2 ** -24, 1023 * 2 ** -24])
  assert.deepEqual(await read('F16', [0x7c00, 0xfc00, 0x8000, 0x7e00]), [Infinity, -Infinity, -0, NaN])
  assert.deepEqual(await read('BF16', [0x3fc0, 0xc000, 0x0001]), [1.5, -2, 2 ** -133])
  assert.deepEqual(await read('BF16', [0x7f80, 0xff80, 0x8000, 0x7fc0]), [Infinity, -Infinity, -0, NaN])
})

test('a damaged header is refused, and the tensor or the damage named', () => {
  const entry = (dtype: string, shape: number[], offsets: number[]) => ({ dtype, shape, data_offsets: offsets })
  refused(fileOf('{'), /header in JSON/)
  refused(fileOf([]), /JSON object/)
  for (const type of ['I8', 'U8', 'F8_E4M3', 'F8_E5M2', 'F4', 'BOOL', 'toString']) {
    refused(
      fileOf({ w: entry(type, [1], [0, 1]) }, new Uint8Array(1)),
      new RegExp(`tensor w[\\s\\S]*${type}[\\s\\S]*quantized`),
    )
  }
  refused(fileOf({ w: entry('F32', [2], [0, 4]) }, new Uint8Array(4)), /tensor w[\s\S]*8 bytes/)
  refused(fileOf({ w: entry('F32', [-1, -1], [0, 4]) }, new Uint8Array(4)), /tensor w/)
  refused(fileOf({ w: { dtype: 'F32', shape: [1] } }), /tensor w[\s\S]*data_offsets/)
  refused(fileOf({ w: entry('F32', [1], [4, 8]) }, new Uint8Array(8)), /tensor w[\s\S]*from byte/)
  refused(fileOf({ w: entry('F32', [2], [0, 8]) }, new Uint8Array(4)), /tensor w[\s\S]*up to byte/)
  refused(fileOf({ w: entry('F32', [1], [0, 4]) }, new Uint8Array(5)), /a file of \d+ bytes/)
  refused(fileOf({ v: entry('F32', [1], [0, 4]), w: entry('F32', [1], [0, 4]) }, new Uint8Array(4)), /tensor w/)
  refused(fileOf({ v: entry('F32', [2], [0, 8]), w: entry('F32', [1], [4, 8]) }, new Uint8Array(8)), /tensor w/)
  refused(fileOf({ v: entry('F32', [1], [0, 4]), w: entry('F32', [1], [8, 12]) }, new Uint8Array(12)), /tensor w/)
  refused(fileOf({ __metadata__: { a: 1 } }), /__metadata__/)
})

test('a file that claims terabytes is refused before memory is allocated', () => {
  const before = process.memoryUsage().rss
  const claimed = (length: bigint): Uint8Array => {
    const bytes = fileOf({})
    new DataView(bytes.buffer).setBigUint64(0, length, true)
    return bytes
  }
  refused(claimed(2n ** 63n), /a header of at most 2 bytes/)
  refused(
    fileOf({ w: { dtype: 'F32', shape: [2 ** 20, 2 ** 20], data_offsets: [0, 2 ** 42] } }),
    /tensor w[\s\S]*up to byte/,
  )
  refused(
    fileOf({ w: { dtype: 'F32', shape: [2 ** 40, 2 ** 40], data_offsets: [0, 4] } }),
    /tensor w[\s\S]*bytes for F32/,
  )
  // A sparse file that is as long as its header says.
  writeFileSync(path, claimed(2n ** 39n))
  truncateSync(path, 2 ** 40)
  refusedAt(path, /a header of at most \d{7} bytes/)
  assert.ok(process.memoryUsage().rss - before < 64 * 2 ** 20)
})

test('a path that is not a regular file is refused at once', () => {
  refusedAt(join(folder, 'nowhere.safetensors'), /the file is missing/)
  refusedAt(folder, /not a regular file/)
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  refusedAt(pipe, /not a regular file/)
})
