/**
 * The bytes of a data file, unpacked if they are gzip or zstd. What is unpacked has a limit relative to the packed size, so a small
 * file that unpacks to hundreds of gigabytes is refused early.
 */
import { createReadStream } from 'node:fs'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { openRegularFile } from '../../input/regular-file.js'
import { unreadable } from './unreadable.js'
import { BadZstd, unpackZstd } from './zstd.js'

/** Bytes of one read. */
const chunkBytes = 1 << 18

/** Bytes at the start of a file that tell what it is; as long as the longest row. */
export const headBytes = 4 * 2 ** 20

/** Text with many repetitions packs to a fiftieth. */
const maxUnpackedRatio = 200

/** Below this the ratio is not looked at. (bytes) */
const alwaysUnpacked = 256 * 2 ** 20

export interface FileBytes {
  /** The first `headBytes` bytes, or all. */
  head: Buffer
  /** Whether the head is the whole content. */
  isWhole: boolean
  packing: 'gzip' | 'zstd' | null
  /** All bytes, the head too. Once only. */
  chunks: AsyncGenerator<Buffer>
  close: () => Promise<void>
}

/** Throws DataInvalid, or the errors of the file system. */
export async function openBytes(path: string): Promise<FileBytes> {
  const { file } = openRegularFile(path)
  const packed = await peeked(createReadStream(path, { fd: file, highWaterMark: chunkBytes }), 4)
  const packing = packingOf(packed.head)
  if (packing === null) return { ...(await peeked(packed.chunks, headBytes)), packing }
  return { ...(await peeked(unpacked(packed.chunks, { path, packing }), headBytes)), packing }
}

/** The first bytes of a stream, and the stream with them. */
async function peeked(source: AsyncIterable<Buffer>, size: number): Promise<Omit<FileBytes, 'packing'>> {
  const iterator = source[Symbol.asyncIterator]()
  const held: Buffer[] = []
  let length = 0
  let isWhole = false
  while (length < size && !isWhole) {
    const { done, value } = await iterator.next()
    if (done === true) isWhole = true
    else {
      held.push(value)
      length += value.length
    }
  }
  const close = async () => {
    await iterator.return?.()
  }
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      for (let piece = held.shift(); piece !== undefined; piece = held.shift()) yield piece
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value
    } finally {
      await close()
    }
  }
  return { head: held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held), isWhole, chunks: chunks(), close }
}

function packingOf(head: Buffer): FileBytes['packing'] {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  return head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528 ? 'zstd' : null
}

async function* unpacked(
  packed: AsyncIterable<Buffer>,
  { path, packing }: { path: string; packing: 'gzip' | 'zstd' },
): AsyncGenerator<Buffer> {
  let before = 0
  let after = 0
  async function* counted() {
    for await (const chunk of packed) {
      before += chunk.length
      yield chunk
    }
  }
  try {
    for await (const chunk of packing === 'zstd' ? unpackZstd(counted()) : gunzip(counted())) {
      after += chunk.length
      if (after > alwaysUnpacked && after > maxUnpackedRatio * before) {
        throw unreadable({
          place: path,
          found: `${packing} data that unpacks to more than ${maxUnpackedRatio} times its size`,
          remedy: 'unpack the file yourself, if it is what you meant',
        })
      }
      yield chunk
    }
  } catch (cause) {
    const isDamage = cause instanceof BadZstd || (cause as NodeJS.ErrnoException).code?.startsWith('Z_') === true
    if (!isDamage) throw cause
    const found = `${packing} data that cannot be unpacked (${(cause as Error).message})`
    throw unreadable({ place: path, found, remedy: 'get the file again: it is cut off or damaged', cause })
  }
}

function gunzip(packed: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  // An error of the pipeline ends the returned stream, whose reader throws it.
  return pipeline(Readable.from(packed), createGunzip({ chunkSize: chunkBytes }), () => {})
}
