/**
 * Reads safetensors files: first the header, then tensors one after the other, with F16 and BF16 widened to
 * float32. At most one tensor is in memory here, however large the file is.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { RlevError } from '../errors.js'
import { sizeOf } from '../model/tensor-shapes.js'
import { narrowPart, widened } from './narrow-numbers.js'
import {
  damaged,
  headerLength,
  lengthBytes,
  parseHeader,
  type SafetensorsHeader,
  type StoredTensor,
} from './safetensors.js'

export interface SafetensorsFile extends SafetensorsHeader {
  path: string
}

/** A selection of a file's tensors. */
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

/** The system reads less than 2 GiB in one call. */
const maxReadBytes = 2 ** 30

/** Reads and checks only the header. Throws CheckpointInvalid, which names the file and the tensor. */
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

/** Tensors in the order of the file. Rejects with CheckpointInvalid if the file has become shorter. */
export async function* readTensors({ path, tensors }: TensorsOfFile): AsyncGenerator<TensorData> {
  const file = await open(path)
  try {
    for (const tensor of tensors.toSorted((a, b) => a.from - b.from)) {
      const { name, type, shape, from } = tensor
      const values = new Float32Array(sizeOf(shape))
      // Narrow numbers are read into the array's end. Widened from the first on, each is read before it is
      // overwritten.
      await fill(narrowPart(values, type), { file, from, place: `${path}, tensor ${name}` })
      yield { name, shape, values: widened(values, type) }
    }
  } finally {
    await file.close()
  }
}

function openRegular(path: string): number {
  try {
    // Opening a pipe would wait for its writer.
    if (statSync(path).isFile()) return openSync(path, 'r')
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw unreadable(path, missing ? 'the file is missing' : 'the file cannot be read', (cause as Error).message, cause)
  }
  throw unreadable(path, 'the file cannot be read', 'not a regular file')
}

async function fill(
  bytes: Uint8Array,
  { file, from, place }: { file: FileHandle; from: number; place: string },
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const length = Math.min(maxReadBytes, bytes.length - done)
    const { bytesRead } = await file.read(bytes, done, length, from + done)
    if (bytesRead === 0) throw damaged(place, `${bytes.length} bytes`, `only ${done}`)
    done += bytesRead
  }
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
