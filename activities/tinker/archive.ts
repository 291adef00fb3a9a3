/**
 * The adapter of a sampler checkpoint, downloaded into a folder in PEFT's form. The archive is a tar.gz by a server that is not trusted:
 * two files are taken, whatever else it holds, each under its own name, and their sizes are bounded.
 */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { createGunzip } from 'node:zlib'
import { fillTargets } from '../../pipelines/checkpoint/adapter-targets.js'
import { adapterFiles } from '../../pipelines/checkpoint/checkpoint-files.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import type { TinkerClient } from './client.js'
import { away, refused } from './errors.js'

export interface ArchiveLimits {
  /** Of the whole archive, unpacked. */
  maxBytes: number
  /** Of the whole download. */
  timeoutMs: number
}

const defaultLimits: ArchiveLimits = { maxBytes: 32 * 2 ** 30, timeoutMs: 30 * 60_000 }

const wanted: readonly string[] = [adapterFiles.config, adapterFiles.tensors]

/** Rejects with CheckpointInvalid if the archive is damaged or holds no adapter. What it wrote until then stays. */
export async function fetchAdapter({
  client,
  modelId,
  name,
  folder,
  limits = {},
  signal,
}: {
  client: TinkerClient
  modelId: string
  /** Of the sampler checkpoint. */
  name: string
  /** Is there, and empty. */
  folder: string
  limits?: Partial<ArchiveLimits>
  signal?: AbortSignal | undefined
}): Promise<void> {
  const { maxBytes, timeoutMs } = { ...defaultLimits, ...limits }
  const place = `archive of ${name} of ${modelId} at ${client.address}`
  try {
    const response = await client.openArchive({ modelId, name, timeoutMs, ...given({ signal }) })
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel()
      if (response.status >= 500) throw away(place, String(response.status))
      throw refused(place, { status: response.status, said: response.statusText })
    }
    const compressed = Readable.fromWeb(response.body as ReadableStream<Uint8Array>)
    const unzip = createGunzip()
    compressed.once('error', error => unzip.destroy(error))
    const found = await unpack(new Bytes(compressed.pipe(unzip), { place, maxBytes }), folder)
    const missing = wanted.filter(file => !found.includes(file))
    if (missing.length > 0) throw damaged(place, `no ${missing.join(', no ')}`)
    fillTargets(folder)
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof RlevError) throw error
    const { code = '', message } = error as NodeJS.ErrnoException
    throw code.startsWith('Z_') ? damaged(place, message) : away(place, message)
  }
}

const blockBytes = 512

/** Names of the files that it took. */
async function unpack(bytes: Bytes, folder: string): Promise<string[]> {
  const found: string[] = []
  for (;;) {
    const header = await bytes.take(blockBytes)
    if (header === null || header.every(byte => byte === 0)) return found
    const { name, size, isFile } = entryOf(header, bytes.place)
    const base = name.split('/').at(-1) as string
    if (isFile && wanted.includes(base) && !found.includes(base)) {
      found.push(base)
      const file = await open(join(folder, base), 'wx')
      try {
        await bytes.pass(size, part => file.writeFile(part))
        await file.sync()
      } finally {
        await file.close()
      }
    } else await bytes.pass(size, async () => {})
    await bytes.pass((blockBytes - (size % blockBytes)) % blockBytes, async () => {})
  }
}

/** A header of ustar: name, size in octal digits (or in binary, if its first bit is set), sum of the bytes, type. */
function entryOf(header: Buffer, place: string): { name: string; size: number; isFile: boolean } {
  const text = (from: number, to: number) => header.toString('latin1', from, to).replace(/\0.*$/s, '').trim()
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0)
  if (Number.parseInt(text(148, 156), 8) !== sum) throw damaged(place, 'an entry whose sum is wrong')
  const isBinary = ((header[124] as number) & 0x80) !== 0
  const size = isBinary ? Number(header.readBigUInt64BE(128)) : Number.parseInt(text(124, 136), 8)
  if (!Number.isSafeInteger(size) || size < 0) throw damaged(place, 'an entry without a size')
  return { name: text(0, 100), size, isFile: ['0', ''].includes(text(156, 157)) }
}

/** The bytes of a stream, in the parts that the reader asks for. */
class Bytes {
  readonly place: string
  readonly #parts: AsyncIterator<Buffer>
  readonly #maxBytes: number
  #held: Buffer = Buffer.alloc(0)
  #read = 0

  constructor(stream: AsyncIterable<Buffer>, { place, maxBytes }: { place: string; maxBytes: number }) {
    this.#parts = stream[Symbol.asyncIterator]()
    this.place = place
    this.#maxBytes = maxBytes
  }

  /** Null at the end of the stream. */
  async take(length: number): Promise<Buffer | null> {
    const parts: Buffer[] = []
    if ((await this.#fill()) === 0) return null
    await this.pass(length, async part => void parts.push(part))
    return Buffer.concat(parts)
  }

  async pass(length: number, to: (part: Buffer) => Promise<void>): Promise<void> {
    for (let left = length; left > 0; ) {
      if ((await this.#fill()) === 0) throw damaged(this.place, 'an end in the middle of a file')
      const part = this.#held.subarray(0, left)
      this.#held = this.#held.subarray(part.length)
      left -= part.length
      await to(part)
    }
  }

  /** How many bytes are there; 0 at the end. */
  async #fill(): Promise<number> {
    while (this.#held.length === 0) {
      const { done, value } = await this.#parts.next()
      if (done === true) return 0
      this.#read += value.length
      if (this.#read > this.#maxBytes) throw damaged(this.place, `more than ${this.#maxBytes} bytes`)
      this.#held = value
    }
    return this.#held.length
  }
}

function damaged(place: string, found: string): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message: 'the archive is not that of an adapter',
    place,
    expected: `a tar.gz with ${wanted.join(' and ')}`,
    found,
    remedy: 'save the weights for sampling again, and export that',
  })
}
