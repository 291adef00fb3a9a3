/**
 * The header of a GGUF file: its keys, and where each tensor lies. The library that parses it reads what is beyond the end of the file
 * as zeros, and takes offsets as they are. So the counts are checked before it, by the size of the file, and the places of the tensors
 * after it.
 */
import { closeSync, readSync } from 'node:fs'
import { gguf } from '@huggingface/gguf'
import { RlevError } from '../../errors.js'
import { openRegularFile } from '../../input/regular-file.js'
import { sizeOf } from '../../model/tensor-shapes.js'
import { type BlockType, blockTypes } from './blocks.js'
import { Metadata } from './metadata.js'

/** A tensor of the file. */
export interface GgufTensor {
  name: string
  /** The slowest axis first, as in Hugging Face checkpoints. */
  shape: readonly number[]
  type: BlockType
  /** First byte in the file, and one past the last. */
  from: number
  to: number
}

export interface GgufHeader {
  metadata: Metadata
  /** In the order of the file. */
  tensors: readonly GgufTensor[]
}

type Parsed = Awaited<ReturnType<typeof gguf>>
type ParsedTensor = Parsed['tensorInfos'][number]

/** Of magic number, version and the two counts. */
const fixedBytes = 24
/** Least bytes of a tensor: length of its name, number of axes, type, offset. */
const leastTensorBytes = 24
/** Least bytes of a key: length of its name, type, value. */
const leastKeyBytes = 13
/** The library reads no more of a header. */
const maxHeaderMegabytes = 50
/** ggml has no tensors of more axes. */
const maxAxes = 4

/** Rejects with CheckpointInvalid, which names the tensor if it is about one. */
export async function readGgufHeader(path: string): Promise<GgufHeader> {
  const size = checkedCounts(path)
  const { metadata: keys, tensorInfos, tensorDataOffset, tensorInfoByteRange } = await parsed(path)
  const end = tensorInfoByteRange[1]
  if (end > size) throw damaged(path, `a header of ${end} bytes`, `a file of ${size} bytes, which was cut off`)
  const metadata = new Metadata({ ...keys }, path)
  const parts = metadata.optionalNumber('split.count') ?? 1
  if (parts > 1) {
    throw damaged(path, 'one file', `one of ${parts} parts`, 'merge them with `llama-gguf-split --merge` of llama.cpp')
  }
  const alignment = metadata.optionalNumber('general.alignment') ?? 32
  const start = Number(tensorDataOffset)
  if (!Number.isInteger(Math.log2(alignment)) || start < end || start - end >= alignment) {
    throw damaged(`${path}, general.alignment`, 'a power of two', String(alignment))
  }
  const tensors = tensorInfos.map(info => placed(info, { path, size, start, alignment }))
  checkNamesAndPlaces(tensors, path)
  return { metadata, tensors }
}

/** The size of the file, whose counts fit it. */
function checkedCounts(path: string): number {
  const { file, bytes: size } = opened(path)
  const fixed = Buffer.alloc(fixedBytes)
  try {
    const read = readSync(file, fixed, 0, fixedBytes, 0)
    if (read < fixedBytes) throw damaged(path, `a header of at least ${fixedBytes} bytes`, `${read} bytes`)
  } finally {
    closeSync(file)
  }
  const magic = fixed.toString('latin1', 0, 4)
  if (magic !== 'GGUF') throw damaged(path, 'GGUF in the first four bytes', JSON.stringify(magic))
  const version = fixed.readUInt32LE(4)
  if (version !== 2 && version !== 3) {
    const swapped = fixed.readUInt32BE(4)
    const found = swapped === 2 || swapped === 3 ? 'numbers with the highest byte first' : `version ${version}`
    throw damaged(path, 'version 2 or 3, lowest byte first', found)
  }
  for (const [what, at, least] of [
    ['tensors', 8, leastTensorBytes],
    ['keys', 16, leastKeyBytes],
  ] as const) {
    const count = fixed.readBigUInt64LE(at)
    const most = Math.floor((size - fixedBytes) / least)
    if (count > BigInt(most)) throw damaged(path, `at most ${most} ${what} in ${size} bytes`, `${count} ${what}`)
  }
  return size
}

function opened(path: string): { file: number; bytes: number } {
  try {
    // A pipe is not waited for.
    return openRegularFile(path)
  } catch (cause) {
    throw damaged(path, 'a GGUF file', cause instanceof Error ? cause.message : String(cause))
  }
}

async function parsed(path: string): Promise<Parsed> {
  try {
    return await gguf(path, { allowLocalFile: true })
  } catch (cause) {
    const found =
      cause instanceof RangeError
        ? `lengths that lead beyond it or beyond ${maxHeaderMegabytes} MB`
        : cause instanceof Error
          ? cause.message
          : String(cause)
    throw damaged(path, 'the header of a GGUF file', found)
  }
}

function placed(
  { name, shape: axes, dtype, offset }: ParsedTensor,
  { path, size, start, alignment }: { path: string; size: number; start: number; alignment: number },
): GgufTensor {
  const place = `${path}, tensor ${name}`
  const type = blockTypes.get(dtype)
  if (type === undefined) {
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: 'the type of the tensor is not supported',
      place,
      expected: [...blockTypes.values()].map(known => known.name).join(', '),
      found: `type ${dtype}`,
      remedy: 'use a file of the same model in one of these types, such as Q8_0',
    })
  }
  // The file has the fastest axis first.
  const shape = axes.map(Number).reverse()
  const listed = `[${shape.join(', ')}]`
  const values = sizeOf(shape)
  if (shape.length === 0 || shape.length > maxAxes || !(values > 0 && Number.isSafeInteger(values))) {
    throw damaged(place, `1 to ${maxAxes} axes of at least 1 value each`, listed)
  }
  const row = shape.at(-1) ?? 1
  if (row % type.values !== 0) throw damaged(place, `rows of a multiple of ${type.values} values, ${type.name}`, listed)
  const bytes = (values / type.values) * type.bytes
  if (offset % BigInt(alignment) !== 0n) throw damaged(place, `an offset that ${alignment} divides`, `${offset}`)
  const to = BigInt(start) + offset + BigInt(bytes)
  if (to > BigInt(size)) throw damaged(place, `data up to byte ${to}`, `a file of ${size} bytes`)
  const from = start + Number(offset)
  return { name, shape, type, from, to: from + bytes }
}

function checkNamesAndPlaces(tensors: readonly GgufTensor[], path: string): void {
  const names = new Set<string>()
  for (const { name } of tensors) {
    if (names.has(name)) throw damaged(`${path}, tensor ${name}`, 'one tensor of this name', 'several')
    names.add(name)
  }
  let [before, position] = ['', 0]
  for (const { name, from, to } of tensors.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    if (from < position)
      throw damaged(`${path}, tensor ${name}`, 'bytes that no other tensor has', `bytes of the tensor ${before}`)
    ;[before, position] = [name, to]
  }
}

function damaged(place: string, expected: string, found: string, remedy = 'check the path, and fetch the file again') {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message: 'the file cannot be read',
    place,
    expected,
    found,
    remedy,
  })
}
