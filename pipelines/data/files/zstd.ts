/**
 * Unpacks zstd. Node has it from version 22 on, so it is a library's work here. The library takes the memory that a frame asks for,
 * up to 2 GiB. So the frames are followed here, and one with a larger window than the zstd program accepts is refused.
 */
import { Decompress } from 'fzstd'

/** The data is not zstd, is damaged, or needs too much memory. */
export class BadZstd extends Error {}

/** The limit of the zstd program without `--long`. (bytes) */
const maxWindowBytes = 128 * 2 ** 20

/** What is unpacked at once: four bytes may stand for 128 KiB, and all of it is in memory before it is counted. */
const pieceBytes = 2048

export async function* unpackZstd(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let ready: Buffer[] = []
  const frames = new Frames()
  const stream = new Decompress(chunk => {
    ready.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  })
  const push = (chunk: Buffer, isLast: boolean) => {
    try {
      stream.push(chunk, isLast)
    } catch (cause) {
      throw new BadZstd(cause instanceof Error ? cause.message : String(cause))
    }
    const done = ready
    ready = []
    return done
  }
  for await (const chunk of packed) {
    frames.check(chunk)
    for (let at = 0; at < chunk.length; at += pieceBytes) yield* push(chunk.subarray(at, at + pieceBytes), false)
  }
  yield* push(Buffer.alloc(0), true)
}

const frameMagic = 0xfd2fb528
/** Magic numbers of skippable frames: this and the 15 after it. */
const skippableMagic = 0x184d2a50

/** Follows frames and blocks by their headers (RFC 8878, section 3). */
class Frames {
  /** Bytes of a header that is not complete. */
  #held: Buffer = Buffer.alloc(0)
  /** Bytes up to the next header. */
  #skip = 0
  /** Bytes of the checksum after the last block of the frame that is open; null between frames. */
  #checksum: number | null = null

  /** Throws BadZstd. */
  check(chunk: Buffer): void {
    let left = chunk
    for (;;) {
      const skipped = Math.min(this.#skip, left.length)
      this.#skip -= skipped
      left = left.subarray(skipped)
      if (left.length === 0) return
      const header = Buffer.concat([this.#held, left.subarray(0, maxHeaderBytes)])
      const size = this.#checksum === null ? this.#openFrame(header) : this.#openBlock(header)
      if (size === null) {
        this.#held = header
        return
      }
      left = left.subarray(size - this.#held.length)
      this.#held = Buffer.alloc(0)
    }
  }

  /** Size of the header; null if it is not complete. */
  #openFrame(header: Buffer): number | null {
    if (header.length < 8) return null
    const magic = header.readUInt32LE(0)
    if (magic >>> 4 === skippableMagic >>> 4) {
      this.#skip = header.readUInt32LE(4)
      return 8
    }
    if (magic !== frameMagic) throw new BadZstd('no frame where one is expected')
    const descriptor = header[4] as number
    const isSingle = (descriptor & 0x20) !== 0
    const sizeFlag = descriptor >>> 6
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number
    const sizeBytes = sizeFlag === 0 ? Number(isSingle) : 2 ** sizeFlag
    const sizeAt = 5 + Number(!isSingle) + dictionaryBytes
    if (header.length < sizeAt + sizeBytes) return null
    const window = isSingle ? contentSize(header, sizeAt, sizeBytes) : windowSize(header[5] as number)
    if (window > maxWindowBytes) throw new BadZstd(`a window of ${window} bytes, at most ${maxWindowBytes}`)
    this.#checksum = (descriptor & 4) === 0 ? 0 : 4
    return sizeAt + sizeBytes
  }

  #openBlock(header: Buffer): number | null {
    if (header.length < 3) return null
    const block = header.readUIntLE(0, 3)
    const isRepeated = ((block >>> 1) & 3) === 1
    this.#skip = isRepeated ? 1 : block >>> 3
    if ((block & 1) === 1) {
      this.#skip += this.#checksum ?? 0
      this.#checksum = null
    }
    return 3
  }
}

/** The longest header of a frame. (bytes) */
const maxHeaderBytes = 18

function contentSize(header: Buffer, at: number, bytes: number): number {
  if (bytes === 8) return Number(header.readBigUInt64LE(at))
  return header.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0)
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3))
  return base + (base / 8) * (descriptor & 7)
}
