/**
 * The format of safetensors files: 8 bytes with the header's length (little-endian), a JSON header with type,
 * shape and byte range of every tensor, then the tensors' bytes. This file makes and parses headers;
 * safetensors-reader.ts and safetensors-writer.ts stream the tensors.
 */
import { z } from 'zod'
import { RlevError } from '../errors.js'
import { parseBoundedJson } from '../input/bounded-json.js'
import { sizeOf } from '../model/tensor-shapes.js'

export const bytesOf = { F32: 4, F16: 2, BF16: 2 } as const
export type ElementType = keyof typeof bytesOf

/** Where a tensor is in a file. Values are row-major. */
export interface StoredTensor {
  name: string
  type: ElementType
  shape: readonly number[]
  /** First byte in the file. */
  from: number
  /** One past the last byte. */
  to: number
}

export interface SafetensorsHeader {
  /** By name. */
  tensors: ReadonlyMap<string, StoredTensor>
  /** Free text by key, `__metadata__` in the file. */
  metadata: Readonly<Record<string, string>>
}

/** Size of the length before a header. */
export const lengthBytes = 8

/**
 * Enough for 50,000 tensors. Longer headers are refused, because parsed JSON can take a hundred times its
 * length in memory.
 */
const maxHeaderBytes = 2 ** 22

/** A valid header has three levels, and about ten values for a tensor. */
const bounds = { depth: 5, values: 1_000_000 }

const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()).max(8),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
})

/** The file's bytes before the tensors, which follow in the given order. */
export function headerBytes({
  tensors,
  metadata = {},
}: {
  tensors: Iterable<Pick<StoredTensor, 'name' | 'type' | 'shape'>>
  metadata?: Readonly<Record<string, string>>
}): Uint8Array {
  const header = new Map<string, unknown>()
  const keys = Object.keys(metadata).sort(byCodeUnit)
  if (keys.length > 0) header.set('__metadata__', Object.fromEntries(keys.map(key => [key, metadata[key]])))
  let offset = 0
  for (const { name, type, shape } of tensors) {
    const end = offset + sizeOf(shape) * bytesOf[type]
    header.set(name, { dtype: type, shape, data_offsets: [offset, end] })
    offset = end
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  // Padded with spaces to a multiple of 8, so that the data is aligned.
  const padded = Math.ceil(text.length / 8) * 8
  const bytes = new Uint8Array(lengthBytes + padded).fill(0x20, lengthBytes)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true)
  bytes.set(text, lengthBytes)
  return bytes
}

/**
 * Size of the header's text, from the first bytes of a file of `fileBytes`. Throws CheckpointInvalid if it
 * exceeds the file or the limit.
 */
export function headerLength(first: Uint8Array, fileBytes: number, place: string): number {
  if (first.length < lengthBytes)
    throw damaged(place, `a header after ${lengthBytes} bytes of length`, `${first.length} bytes`)
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true)
  const max = Math.min(maxHeaderBytes, fileBytes - lengthBytes)
  if (length > BigInt(max)) throw damaged(place, `a header of at most ${max} bytes`, `${length} bytes`)
  return Number(length)
}

/** Parses a header's text. `place` is the path of its file. Throws CheckpointInvalid, which names the tensor. */
export function parseHeader(text: Uint8Array, fileBytes: number, place: string): SafetensorsHeader {
  let content: unknown
  try {
    content = parseBoundedJson(new TextDecoder('utf-8', { fatal: true }).decode(text), bounds)
  } catch (cause) {
    throw damaged(place, 'a header in JSON', (cause as Error).message)
  }
  if (!isObject(content)) throw damaged(place, 'a header that is a JSON object', typeof content)
  const { __metadata__: metadata = {}, ...rest } = content
  if (!isTextByKey(metadata)) throw damaged(place, 'text by key in __metadata__', 'something else')
  const start = lengthBytes + text.length
  const tensors = Object.entries(rest).map(([name, entry]) => readEntry(name, entry, { start, place }))
  checkRanges(tensors, { start, fileBytes, place })
  return { tensors: new Map(tensors.map(tensor => [tensor.name, tensor])), metadata }
}

const isObject = (content: unknown): content is Record<string, unknown> =>
  typeof content === 'object' && content !== null && !Array.isArray(content)

const isTextByKey = (content: unknown): content is Record<string, string> =>
  isObject(content) && Object.values(content).every(text => typeof text === 'string')

function readEntry(name: string, content: unknown, { start, place }: { start: number; place: string }): StoredTensor {
  const at = `${place}, tensor ${name}`
  const parsed = entrySchema.safeParse(content)
  if (!parsed.success) {
    throw damaged(at, 'dtype, shape and data_offsets', parsed.error.issues.map(issue => issue.message).join('; '))
  }
  const { dtype, shape, data_offsets } = parsed.data
  if (!isElementType(dtype)) {
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'the type of the tensor is not supported',
      place: at,
      expected: Object.keys(bytesOf).join(', '),
      found: dtype,
      remedy: 'use an unquantized checkpoint in float32, bfloat16 or float16',
    })
  }
  const [from, to] = data_offsets
  const expected = sizeOf(shape) * bytesOf[dtype]
  if (to - from !== expected) {
    throw damaged(at, `${expected} bytes for ${dtype} [${shape.join(', ')}]`, `${to - from} bytes`)
  }
  return { name, type: dtype, shape, from: start + from, to: start + to }
}

const isElementType = (name: string): name is ElementType => Object.hasOwn(bytesOf, name)

/** The ranges must cover the data without gap or overlap. Otherwise the file is damaged. */
function checkRanges(
  tensors: readonly StoredTensor[],
  { start, fileBytes, place }: { start: number; fileBytes: number; place: string },
): void {
  let position = start
  for (const { name, from, to } of tensors.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    const at = `${place}, tensor ${name}`
    if (from !== position) throw damaged(at, `data from byte ${position}`, `from byte ${from}`)
    if (to > fileBytes) throw damaged(at, `data up to byte ${to}`, `a file of ${fileBytes} bytes`)
    position = to
  }
  if (position !== fileBytes) throw damaged(place, `a file of ${position} bytes`, `${fileBytes} bytes`)
}

export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

export function damaged(place: string, expected: string, found: string): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message: 'the tensor file is damaged or incomplete',
    place,
    expected,
    found,
    remedy: 'fetch or write the file again',
  })
}
