/**
 * Files of tensors in the safetensors form: 8 bytes with the header's length (little-endian), a JSON header with type,
 * shape and byte range of every tensor, then the bytes. Written with sorted names, so that equal tensors give equal files
 * and the file's digest identifies the weights. Read: F32, F16, BF16, widened to float32. Written: F32.
 */
import { z } from 'zod'
import { RlevError } from '../errors.js'

export interface TensorData {
  shape: readonly number[]
  /** Row-major. */
  values: Float32Array
}

export interface TensorFile {
  /** By name. */
  tensors: Map<string, TensorData>
  /** Free text by key, `__metadata__` in the file. */
  metadata: Readonly<Record<string, string>>
}

/** As in the reference implementation: a header beyond it is an attack or damage. */
const longestHeader = 100_000_000

const bytesOf = { F32: 4, F16: 2, BF16: 2 } as const
type ElementType = keyof typeof bytesOf

const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
})

interface Entry {
  name: string
  type: ElementType
  shape: readonly number[]
  from: number
  to: number
}

/** The bytes of a file. The same tensors and metadata give the same bytes, whatever their order. */
export function encodeSafetensors({
  tensors,
  metadata = {},
}: {
  tensors: ReadonlyMap<string, TensorData>
  metadata?: Readonly<Record<string, string>>
}): Uint8Array {
  const names = [...tensors.keys()].sort(byCodeUnit)
  const header = new Map<string, unknown>()
  const keys = Object.keys(metadata).sort(byCodeUnit)
  if (keys.length > 0) header.set('__metadata__', Object.fromEntries(keys.map(key => [key, metadata[key]])))
  let offset = 0
  for (const name of names) {
    const { shape, values } = tensors.get(name) as TensorData
    header.set(name, { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] })
    offset += values.byteLength
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  // Spaces up to a multiple of 8, so that the data lies aligned.
  const padded = Math.ceil(text.length / 8) * 8
  const bytes = new Uint8Array(8 + padded + offset).fill(0x20, 8, 8 + padded)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true)
  bytes.set(text, 8)
  let position = 8 + padded
  for (const name of names) {
    const { values } = tensors.get(name) as TensorData
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), position)
    position += values.byteLength
  }
  return bytes
}

/** Reads a file's bytes; `place` is its path, for errors. Throws CheckpointInvalid, naming the tensor. */
export function decodeSafetensors(bytes: Uint8Array, place: string): TensorFile {
  const { header, start } = readHeader(bytes, place)
  const { __metadata__: metadata = {}, ...rest } = header
  if (!isTextByKey(metadata)) throw damaged(place, 'text by key in __metadata__', 'something else')
  const entries = Object.entries(rest).map(([name, entry]) => readEntry(name, entry, place))
  checkRanges(entries, bytes.length - start, place)
  const tensors = new Map<string, TensorData>()
  for (const { name, type, shape, from, to } of entries) {
    tensors.set(name, { shape, values: widen(Uint8Array.from(bytes.subarray(start + from, start + to)), type) })
  }
  return { tensors, metadata }
}

function readHeader(bytes: Uint8Array, place: string): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) throw damaged(place, 'a header after 8 bytes of length', `${bytes.length} bytes`)
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  if (length > BigInt(longestHeader) || length > BigInt(bytes.length - 8)) {
    throw damaged(place, `a header of at most ${Math.min(longestHeader, bytes.length - 8)} bytes`, `${length}`)
  }
  const start = 8 + Number(length)
  let content: unknown
  try {
    content = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start)))
  } catch (cause) {
    throw damaged(place, 'a header in JSON', (cause as Error).message)
  }
  if (!isObject(content)) throw damaged(place, 'a header that is a JSON object', typeof content)
  return { header: content, start }
}

const isObject = (content: unknown): content is Record<string, unknown> =>
  typeof content === 'object' && content !== null && !Array.isArray(content)

const isTextByKey = (content: unknown): content is Record<string, string> =>
  isObject(content) && Object.values(content).every(text => typeof text === 'string')

function readEntry(name: string, content: unknown, place: string): Entry {
  const at = `${place}, tensor ${name}`
  const parsed = entrySchema.safeParse(content)
  if (!parsed.success) {
    throw damaged(at, 'dtype, shape and data_offsets', parsed.error.issues.map(issue => issue.message).join('; '))
  }
  const { dtype, shape, data_offsets } = parsed.data
  if (!(dtype in bytesOf)) {
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'the tensor has a type that is not supported',
      place: at,
      expected: Object.keys(bytesOf).join(', '),
      found: dtype,
      remedy: 'convert the checkpoint to float32 or bfloat16',
    })
  }
  const type = dtype as ElementType
  const [from, to] = data_offsets
  const expected = shape.reduce((product, size) => product * size, 1) * bytesOf[type]
  if (to - from !== expected) {
    throw damaged(at, `${expected} bytes for ${dtype} [${shape.join(', ')}]`, `${to - from} bytes`)
  }
  return { name, type, shape, from, to }
}

/** The ranges must tile the data: a gap, an overlap or a byte too many means a file that something has touched. */
function checkRanges(entries: readonly Entry[], available: number, place: string): void {
  let position = 0
  for (const { name, from, to } of [...entries].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== position) throw damaged(`${place}, tensor ${name}`, `data from byte ${position}`, `from byte ${from}`)
    if (to > available) {
      throw damaged(`${place}, tensor ${name}`, `data up to byte ${to}`, `a file with ${available} bytes of data`)
    }
    position = to
  }
  if (position !== available) throw damaged(place, `${position} bytes of data`, `${available} bytes`)
}

function widen(bytes: Uint8Array, type: ElementType): Float32Array {
  switch (type) {
    case 'F32':
      return new Float32Array(bytes.buffer)
    case 'BF16': {
      // bfloat16 is the upper half of a float32.
      const wide = Uint32Array.from(new Uint16Array(bytes.buffer), half => half << 16)
      return new Float32Array(wide.buffer)
    }
    case 'F16':
      return Float32Array.from(new Uint16Array(bytes.buffer), float16)
    default:
      return type satisfies never
  }
}

function float16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function damaged(place: string, expected: string, found: string): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message: 'the tensor file is damaged or cut short',
    place,
    expected,
    found,
    remedy: 'fetch or write the file again',
  })
}
