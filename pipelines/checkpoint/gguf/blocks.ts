/**
 * The numbers of a GGUF file: float32, float16, bfloat16, and blocks of 32 or 256 integers with a common scale, and in some types a
 * common offset. Each value is rounded once to float32, so that it has the bits of the Python package `gguf`.
 *
 * d, m: scale and offset of a block, float16. q: its integers.
 */
import { float16, narrowPart, widened } from '../narrow-numbers.js'
import type { ElementType } from '../safetensors.js'

/** Values and bytes of a block, and how one is read. */
export interface BlockType {
  name: string
  values: number
  bytes: number
  /** Writes the values of the block that begins at `from` into `out` at `to`; a type of numbers where there are no blocks. */
  read: ElementType | ((block: Block) => void)
}

interface Block {
  bytes: Uint8Array
  view: DataView
  from: number
  out: Float32Array
  to: number
}

/** By the number of the type in the file. */
export const blockTypes: ReadonlyMap<number, BlockType> = new Map<number, BlockType>([
  [0, { name: 'F32', values: 1, bytes: 4, read: 'F32' }],
  [1, { name: 'F16', values: 1, bytes: 2, read: 'F16' }],
  [30, { name: 'BF16', values: 1, bytes: 2, read: 'BF16' }],
  // x = d q, q from -8 to 7
  [2, { name: 'Q4_0', values: 32, bytes: 18, read: block => readFours(block, { data: 2, offset: none, shift: 8 }) }],
  // x = d q + m, q from 0 to 15
  [
    3,
    { name: 'Q4_1', values: 32, bytes: 20, read: block => readFours(block, { data: 4, offset: secondHalf, shift: 0 }) },
  ],
  // The fifth bits of Q5 are in four bytes before the others.
  [6, { name: 'Q5_0', values: 32, bytes: 22, read: block => readFives(block, { bits: 2, offset: none, shift: 16 }) }],
  [
    7,
    { name: 'Q5_1', values: 32, bytes: 24, read: block => readFives(block, { bits: 4, offset: secondHalf, shift: 0 }) },
  ],
  [8, { name: 'Q8_0', values: 32, bytes: 34, read: readEights }],
  [12, { name: 'Q4_K', values: 256, bytes: 144, read: block => readGroups(block, 4) }],
  [13, { name: 'Q5_K', values: 256, bytes: 176, read: block => readGroups(block, 5) }],
  [14, { name: 'Q6_K', values: 256, bytes: 210, read: readSixes }],
])

/** Values of whole blocks. */
export function valuesOfBlocks(bytes: Uint8Array, type: BlockType): Float32Array {
  const blocks = bytes.length / type.bytes
  const out = new Float32Array(blocks * type.values)
  if (typeof type.read === 'string') {
    narrowPart(out, type.read).set(bytes)
    return widened(out, type.read)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let block = 0; block < blocks; block++) {
    type.read({ bytes, view, from: block * type.bytes, out, to: block * type.values })
  }
  return out
}

const half = (view: DataView, at: number): number => float16(view.getUint16(at, true))
/** Adding -0 changes no number, while 0 would turn -0 into 0. */
const none = () => -0
const secondHalf = ({ view, from }: Block): number => half(view, from + 2)

interface Offsets {
  offset: (block: Block) => number
  /** Subtracted from each integer. */
  shift: number
}

/** The low halves of the bytes are values 0 to 15, the high halves 16 to 31. */
function readFours(block: Block, { data, offset, shift }: Offsets & { data: number }): void {
  const { bytes, view, from, out, to } = block
  const [d, m] = [half(view, from), offset(block)]
  for (let index = 0; index < 16; index++) {
    const byte = bytes[from + data + index] as number
    out[to + index] = d * ((byte & 15) - shift) + m
    out[to + 16 + index] = d * ((byte >> 4) - shift) + m
  }
}

function readFives(block: Block, { bits, offset, shift }: Offsets & { bits: number }): void {
  const { bytes, view, from, out, to } = block
  const [d, m] = [half(view, from), offset(block)]
  const fifths = view.getUint32(from + bits, true)
  const fifth = (index: number) => ((fifths >>> index) & 1) << 4
  for (let index = 0; index < 16; index++) {
    const byte = bytes[from + bits + 4 + index] as number
    out[to + index] = d * ((byte & 15) + fifth(index) - shift) + m
    out[to + 16 + index] = d * ((byte >> 4) + fifth(16 + index) - shift) + m
  }
}

/** x = d q, q from -128 to 127. */
function readEights({ view, from, out, to }: Block): void {
  const d = half(view, from)
  for (let index = 0; index < 32; index++) out[to + index] = d * view.getInt8(from + 2 + index)
}

/**
 * x = (d s) q - (dmin t): eight groups of 32 values, each with a scale s and an offset t of six bits, packed in twelve bytes. Q5_K has
 * the fifth bits of the values in 32 bytes before the others.
 */
function readGroups({ bytes, view, from, out, to }: Block, bits: 4 | 5): void {
  const [d, minimum] = [half(view, from), half(view, from + 2)]
  const packed = from + 4
  const fifths = packed + 12
  const data = bits === 5 ? fifths + 32 : fifths
  const at = (index: number) => bytes[packed + index] as number
  for (let group = 0; group < 8; group++) {
    const scale = group < 4 ? at(group) & 63 : (at(group + 4) & 15) | ((at(group - 4) >> 6) << 4)
    const offset = group < 4 ? at(group + 4) & 63 : (at(group + 4) >> 4) | ((at(group) >> 6) << 4)
    const [factor, subtracted] = [d * scale, minimum * offset]
    for (let index = 0; index < 32; index++) {
      const byte = bytes[data + (group >> 1) * 32 + index] as number
      const low = group % 2 === 0 ? byte & 15 : byte >> 4
      const fifth = bits === 5 ? (((bytes[fifths + index] as number) >> group) & 1) << 4 : 0
      out[to + group * 32 + index] = factor * (low + fifth) - subtracted
    }
  }
}

/** x = (d s) (q - 32): sixteen groups of 16 values with a signed scale s; four bits of q in 128 bytes, two in the next 64. */
function readSixes({ bytes, view, from, out, to }: Block): void {
  const d = half(view, from + 208)
  for (let index = 0; index < 256; index++) {
    const [part, place] = [index >> 7, index & 127]
    const lows = bytes[from + part * 64 + (place & 63)] as number
    const highs = bytes[from + 128 + part * 32 + (place & 31)] as number
    const low = place < 64 ? lows & 15 : lows >> 4
    const high = (highs >> (2 * (place >> 5))) & 3
    const scale = view.getInt8(from + 192 + (index >> 4))
    out[to + index] = d * scale * ((low | (high << 4)) - 32)
  }
}
