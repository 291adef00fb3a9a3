/** Makes safetensors files in memory, to compare with the writer's, and to give the reader invalid files. */
import {
  readSafetensorsHeader,
  readTensors,
  type TensorData,
} from '../../../pipelines/checkpoint/safetensors-reader.js'

export type Tensors = ReadonlyMap<string, Pick<TensorData, 'shape' | 'values'>>

/** The bytes of a file with this header and data. */
export function fileOf(header: unknown, data: ArrayLike<number> = []): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + text.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
  bytes.set(text, 8)
  bytes.set(data, 8 + text.length)
  return bytes
}

/** As the format specifies: names sorted, no gaps, the header padded with spaces to a multiple of 8. */
export function encoded(
  tensors: Tensors,
  { type = 'F32', metadata = {} }: { type?: 'F32' | 'F16' | 'BF16'; metadata?: Readonly<Record<string, string>> } = {},
): Uint8Array {
  const sorted = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))
  const pieces = sorted.map(([name, { shape, values }]) => ({ name, shape, bytes: narrowed(values, type) }))
  let end = 0
  const entries = pieces.map(({ name, shape, bytes }) => {
    const from = end
    end += bytes.length
    return [name, { dtype: type, shape, data_offsets: [from, end] }]
  })
  const keys = Object.keys(metadata).sort()
  const head = keys.length === 0 ? [] : [['__metadata__', Object.fromEntries(keys.map(key => [key, metadata[key]]))]]
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries([...head, ...entries])))
  const header = new TextDecoder().decode(text) + ' '.repeat((8 - (text.length % 8)) % 8)
  return fileOf(header, Buffer.concat(pieces.map(({ bytes }) => bytes)))
}

/** All tensors of a file, by name. */
export async function tensorsIn(path: string): Promise<Map<string, TensorData>> {
  const { tensors } = readSafetensorsHeader(path)
  const read = new Map<string, TensorData>()
  for await (const tensor of readTensors({ path, tensors: [...tensors.values()] })) read.set(tensor.name, tensor)
  return read
}

/** Values without an exact half are truncated. */
function narrowed(values: Float32Array, type: 'F32' | 'F16' | 'BF16'): Uint8Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  switch (type) {
    case 'F32':
      return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
    case 'BF16':
      return new Uint8Array(Uint16Array.from(words, word => word >>> 16).buffer)
    case 'F16':
      return new Uint8Array(Uint16Array.from(words, float16Of).buffer)
    default:
      return type satisfies never
  }
}

/** Rounds a float32 between 2^-14 and 2^15 in size, or 0, towards 0. Takes its bits. */
function float16Of(word: number): number {
  const exponent = ((word >>> 23) & 0xff) - 112
  return exponent <= 0 ? 0 : ((word >>> 16) & 0x8000) | (exponent << 10) | ((word >>> 13) & 0x3ff)
}
