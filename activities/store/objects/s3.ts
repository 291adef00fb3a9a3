/** Objects in S3 or a server that speaks its protocol. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { RlevError } from '../../../pipelines/errors.js'
import { given } from '../../../pipelines/given.js'
import { addressText, type StoreAddress } from './address.js'
import { dropUploads, putInParts, usualPartBytes } from './multipart.js'
import type { Facts, Found, Objects, Put, StoredFile } from './objects.js'
import { S3Sender, type SenderOptions, type Sent } from './s3-sender.js'

interface S3Options extends SenderOptions {
  /** Of a large file; one of two parts or more goes up in parts. */
  partBytes?: number
  /** Keys that a page of a list has; the server's own number if absent. */
  pageKeys?: number
}

type Condition = { IfNoneMatch: '*' } | { IfMatch: string }

export class S3Objects implements Objects {
  readonly address: string
  readonly #sender: S3Sender
  readonly #bucket: string
  readonly #prefix: string
  readonly #pageKeys: number | undefined
  readonly #partBytes: number

  constructor(address: StoreAddress, { pageKeys, partBytes = usualPartBytes, ...options }: S3Options = {}) {
    this.#partBytes = partBytes
    this.address = addressText(address)
    this.#sender = new S3Sender(options)
    this.#bucket = address.bucket
    this.#prefix = address.prefix === '' ? '' : `${address.prefix}/`
    this.#pageKeys = pageKeys
  }

  async get(key: string): Promise<Found | null> {
    const sent = await this.#send(key, async abort => {
      const { Body, ETag = '' } = await this.#sender.client.send(new GetObjectCommand(this.#at(key)), abort)
      return { etag: ETag, content: Buffer.from((await Body?.transformToByteArray()) ?? []) }
    })
    return sent.kind === 'output' ? sent.output : null
  }

  async range(key: string, { start, end }: { start: number; end: number }): Promise<Buffer | null> {
    const sent = await this.#send(key, async abort => {
      const command = new GetObjectCommand({ ...this.#at(key), Range: `bytes=${start}-${end - 1}` })
      const { Body } = await this.#sender.client.send(command, abort)
      return Buffer.from((await Body?.transformToByteArray()) ?? [])
    })
    return sent.kind === 'output' ? sent.output : null
  }

  async facts(key: string): Promise<Facts | null> {
    const sent = await this.#send(key, abort => this.#sender.client.send(new HeadObjectCommand(this.#at(key)), abort))
    if (sent.kind !== 'output') return null
    const { ETag: etag = '', ContentLength: bytes = 0, LastModified } = sent.output
    return { key, etag, bytes, modified: LastModified?.getTime() ?? 0 }
  }

  putIfAbsent(key: string, content: Uint8Array): Promise<Put> {
    return this.#put(key, content, { IfNoneMatch: '*' })
  }

  putIfMatch(key: string, content: Uint8Array, etag: string): Promise<Put> {
    return this.#put(key, content, { IfMatch: etag })
  }

  async deleteIfMatch(key: string, etag: string): Promise<boolean> {
    const command = new DeleteObjectCommand({ ...this.#at(key), IfMatch: etag })
    const sent = await this.#send(key, abort => this.#sender.client.send(command, abort))
    return sent.kind !== 'refused'
  }

  async *list(prefix: string, { after }: { after?: string } = {}): AsyncGenerator<Facts> {
    let token: string | undefined
    do {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: this.#prefix + prefix,
        ...(after === undefined ? {} : { StartAfter: this.#prefix + after }),
        ...given({ ContinuationToken: token, MaxKeys: this.#pageKeys }),
      })
      const sent = await this.#send(prefix, abort => this.#sender.client.send(command, abort))
      // A server may answer so for a prefix that nothing is under.
      if (sent.kind !== 'output') return
      for (const { Key = '', ETag = '', Size = 0, LastModified } of sent.output.Contents ?? []) {
        yield { key: Key.slice(this.#prefix.length), etag: ETag, bytes: Size, modified: LastModified?.getTime() ?? 0 }
      }
      token = sent.output.IsTruncated ? sent.output.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  async *names(prefix: string): AsyncGenerator<string> {
    let token: string | undefined
    do {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: this.#prefix + prefix,
        Delimiter: '/',
        ...given({ ContinuationToken: token, MaxKeys: this.#pageKeys }),
      })
      const sent = await this.#send(prefix, abort => this.#sender.client.send(command, abort))
      if (sent.kind !== 'output') return
      for (const { Prefix = '' } of sent.output.CommonPrefixes ?? [])
        yield Prefix.slice(this.#prefix.length + prefix.length, -1)
      token = sent.output.IsTruncated ? sent.output.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  async putFile(key: string, file: StoredFile, { refreshBefore = 0 }: { refreshBefore?: number } = {}): Promise<void> {
    const there = await this.facts(key)
    if (there !== null) refuseOther(this.#place(key), there, file)
    if (there !== null && there.modified >= refreshBefore) return
    // One that is to be younger is written over: its content is the same.
    const condition: Condition = there === null ? { IfNoneMatch: '*' } : { IfMatch: there.etag }
    if (file.bytes >= 2 * this.#partBytes) {
      const target = { sender: this.#sender, target: this.#at(key), place: this.#place(key) }
      await putInParts({ ...target, file, condition, partBytes: this.#partBytes })
    } else {
      await this.#send(key, async abort => {
        const command = new PutObjectCommand({
          ...this.#at(key),
          ...condition,
          Body: await readFile(file.path),
          ChecksumSHA256: Buffer.from(file.sha256, 'hex').toString('base64'),
        })
        return this.#sender.client.send(command, abort)
      })
    }
    const made = await this.facts(key)
    refuseOther(this.#place(key), made ?? { bytes: 0 }, file)
  }

  dropUploads(before: number): Promise<number> {
    return dropUploads({
      sender: this.#sender,
      bucket: this.#bucket,
      prefix: this.#prefix,
      place: this.address,
      before,
    })
  }

  async now(): Promise<number> {
    await this.facts('no-such-key')
    return this.#sender.now() ?? Date.now()
  }

  async #put(key: string, content: Uint8Array, condition: Condition): Promise<Put> {
    const command = () =>
      new PutObjectCommand({
        ...this.#at(key),
        ...condition,
        Body: content,
        ChecksumSHA256: createHash('sha256').update(content).digest('base64'),
      })
    const sent = await this.#send(key, abort => this.#sender.client.send(command(), abort))
    if (sent.kind === 'output') return { kind: 'written', etag: sent.output.ETag ?? '' }
    // An earlier attempt whose answer was lost may have written it: then the refusal is of its own repetition.
    const there = await this.get(key)
    if (there?.content.equals(content)) return { kind: 'written', etag: there.etag }
    return { kind: 'refused' }
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + key }
  }

  #place(key: string): string {
    return `${this.address}/${key}`
  }

  #send<Output>(
    key: string,
    request: (abort: { abortSignal?: AbortSignal }) => Promise<Output>,
  ): Promise<Sent<Output>> {
    return this.#sender.send(this.#place(key), request)
  }
}

function refuseOther(place: string, found: { bytes: number }, file: StoredFile): void {
  if (found.bytes === file.bytes) return
  throw new RlevError({
    kind: 'ArtifactDamaged',
    message: 'the object is not the file that its digest names',
    place,
    expected: `${file.bytes} bytes with sha256 ${file.sha256}`,
    found: `${found.bytes} bytes`,
    remedy: 'delete the object; it is written again',
  })
}
