/**
 * Reads safetensors files: the header at once, then tensors one after the other, F16 and BF16 widened to float32. Never more than one
 * tensor is held here, however large the file is.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { RlevError } from '../errors.js'
import { sizeOf } from '../model/tensor-shapes.js'
import {
  bytesOf,
  damaged,
  type ElementType,
  headerLength,
  lengthBytes,
  parseHeader,
  type SafetensorsHeader,
  type StoredTensor,
} from './safetensors.js'

export interface SafetensorsFile extends SafetensorsHeader {
  path: string
}

/** Some tensors of a file. */
export interface TensorsOfFile {
  path: string
  tensors: readonly StoredTensor[]
}

export interface TensorData {
  name: string
  shape: readonly number[]
  /** Row-major. */
  values: Float32Array
}

/** What the system reads in one call is below 2 GiB. */
const longestRead = 2 ** 30

/** Reads and checks the header alone. Throws CheckpointInvalid, naming the file and the tensor. */
export function readSafetensorsHeader(path: string): SafetensorsFile {
  const file = openRegular(path)
  try {
    const { size } = fstatSync(file)
    const take = (position: number, length: number): Uint8Array => {
      const bytes = new Uint8Array(length)
      return bytes.subarray(0, readSync(file, bytes, 0, length, position))
    }
    const length = headerLength(take(0, lengthBytes), size, path)
    return { path, ...parseHeader(take(lengthBytes, length), size, path) }
  } finally {
    closeSync(file)
  }
}

/** Gives tensors in the order in which they lie in the file. Rejects with CheckpointInvalid where the file has become shorter. */
export async function* readTensors({ path, tensors }: TensorsOfFile): AsyncGenerator<TensorData> {
  const file = await open(path)
  try {
    for (const tensor of tensors.toSorted((a, b) => a.from - b.from)) {
      const { name, type, shape, from } = tensor
      const values = new Float32Array(sizeOf(shape))
      // Where they lie at the array's end, the narrow numbers can be widened from the first on: each is read before it is overwritten.
      const narrow = new Uint8Array(values.buffer, (4 - bytesOf[type]) * values.length)
      await fill(narrow, { file, from, place: `${path}, tensor ${name}` })
      yield { name, shape, values: widened(values, type) }
    }
  } finally {
    await file.close()
  }
}

function openRegular(path: string): number {
  try {
    // Opening a pipe would wait for whoever writes into it.
    if (statSync(path).isFile()) return openSync(path, 'r')
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw unreadable(path, missing ? 'the file is missing' : 'the file cannot be read', (cause as Error).message, cause)
  }
  throw unreadable(path, 'the file cannot be read', 'something that is not a file')
}

async function fill(
  bytes: Uint8Array,
  { file, from, place }: { file: FileHandle; from: number; place: string },
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const length = Math.min(longestRead, bytes.length - done)
    const { bytesRead } = await file.read(bytes, done, length, from + done)
    if (bytesRead === 0) throw damaged(place, `${bytes.length} bytes`, `${done}, where the file ends now`)
    done += bytesRead
  }
}

/** The array itself, filled from numbers of the type that lie at its end. */
function widened(values: Float32Array, type: ElementType): Float32Array {
  const halves = new Uint16Array(values.buffer, 2 * values.length)
  switch (type) {
    case 'F32':
      return values
    case 'BF16': {
      // bfloat16 is the upper half of a float32.
      const words = new Uint32Array(values.buffer)
      for (let index = 0; index < words.length; index++) words[index] = (halves[index] as number) << 16
      return values
    }
    case 'F16': {
      const wide = Float32Array.from({ length: 2 ** 16 }, (_, half) => float16(half))
      for (let index = 0; index < values.length; index++) values[index] = wide[halves[index] as number] as number
      return values
    }
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

function unreadable(place: string, message: string, found: string, cause?: unknown): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message,
    place,
    expected: 'a safetensors file',
    found,
    remedy: 'check the path, and that all files of the checkpoint are there',
    cause,
  })
}
