/**
 * Large files in parts: several at once, each with its sha256. The parts are cut alike by every machine, and the key is of the content, so
 * an upload that was interrupted, here or elsewhere, is found by its key and goes on with the parts that it lacks.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import pLimit from 'p-limit'
import { RlevError } from '../../../pipelines/errors.js'
import { given } from '../../../pipelines/given.js'
import { failPoint } from '../../fail-points/fail-point.js'
import type { StoredFile } from './objects.js'
import type { S3Sender, Sent } from './s3-sender.js'

const mebibyte = 2 ** 20

/** S3 takes no smaller parts than 5 MiB, but for the last. */
export const usualPartBytes = 16 * mebibyte
/** S3 takes 10,000. */
const maxParts = 9_000
const partsAtOnce = 4

/** After so many a server that loses them is not tried again. */
const maxUploads = 3

interface Target {
  Bucket: string
  Key: string
}

interface Upload {
  sender: S3Sender
  target: Target
  place: string
  file: StoredFile
  condition: { IfNoneMatch: '*' } | { IfMatch: string }
  partBytes: number
}

interface Part {
  PartNumber: number
  ETag: string
  ChecksumSHA256: string
}

/** On return the object is there, and no upload of it is left that would cost room. Throws what the sender throws. */
export async function putInParts(upload: Upload): Promise<void> {
  await completeOne(upload)
  // Two that began at once have an upload each, and a part that comes while its upload is completed may open it again on the server.
  if (!('IfNoneMatch' in upload.condition)) return
  for (const id of await openUploads(upload)) await abortUpload(upload, id)
}

async function completeOne(upload: Upload): Promise<void> {
  for (let round = 1; round <= maxUploads; round++) {
    const id = (await openUploads(upload))[0] ?? (await beginUpload(upload))
    const parts = await sendParts(upload, id)
    if (parts === null) {
      // Completed by somebody else: nothing is sent again.
      if ('IfNoneMatch' in upload.condition && (await isThere(upload))) return
      continue
    }
    failPoint('push.parts')
    const { sender, target, place, condition } = upload
    const sent = await sender.send(place, abort =>
      sender.client.send(
        new CompleteMultipartUploadCommand({
          ...target,
          ...condition,
          UploadId: id,
          MultipartUpload: { Parts: parts },
        }),
        abort,
      ),
    )
    if (sent.kind === 'output') return
    // Somebody else has written the same content, or an attempt of this one whose answer was lost.
    if (sent.kind === 'refused') {
      await abortUpload(upload, id)
      return
    }
    if (await isThere(upload)) return
  }
  throw new RlevError({
    kind: 'ServiceUnavailable',
    message: 'the object store loses uploads before they are complete',
    place: upload.place,
    expected: 'an upload that lasts until its last part',
    found: `${maxUploads} that were gone`,
    remedy: 'see whether something aborts multipart uploads, such as a lifecycle rule of less than a day',
  })
}

async function beginUpload({ sender, target, place }: Upload): Promise<string> {
  const command = new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: 'SHA256' })
  const sent = await sender.send(place, abort => sender.client.send(command, abort))
  if (sent.kind === 'output' && sent.output.UploadId !== undefined) return sent.output.UploadId
  throw new Error(`${place}: the server began no upload`)
}

/** In order, so that two machines that go on with the first one take the same. */
async function openUploads({ sender, target, place }: Upload): Promise<string[]> {
  const command = new ListMultipartUploadsCommand({ Bucket: target.Bucket, Prefix: target.Key })
  const sent = await sender.send(place, abort => sender.client.send(command, abort))
  const open = sent.kind === 'output' ? (sent.output.Uploads ?? []) : []
  return open
    .filter(({ Key }) => Key === target.Key)
    .flatMap(({ UploadId }) => UploadId ?? [])
    .sort()
}

/** Null if the upload is gone: completed or aborted by somebody else. */
async function sendParts(upload: Upload, id: string): Promise<Part[] | null> {
  const { sender, target, place, file, partBytes } = upload
  const there = await partsThere(upload, id)
  if (there === null) return null
  const size = Math.max(partBytes, Math.ceil(file.bytes / maxParts))
  const limit = pLimit(partsAtOnce)
  let failed = false
  const handle = await open(file.path)
  try {
    const numbers = Array.from({ length: Math.ceil(file.bytes / size) }, (_, index) => index + 1)
    const settled = await Promise.allSettled(
      numbers.map(PartNumber =>
        limit(async (): Promise<Part | null> => {
          if (failed) return null
          const start = (PartNumber - 1) * size
          const content = await pieceOf(handle, { start, bytes: Math.min(size, file.bytes - start) })
          const ChecksumSHA256 = createHash('sha256').update(content).digest('base64')
          const before = there.get(PartNumber)
          if (before?.ChecksumSHA256 === ChecksumSHA256) return before
          const command = () =>
            new UploadPartCommand({ ...target, UploadId: id, PartNumber, Body: content, ChecksumSHA256 })
          const sent = await sender
            .send(place, abort => sender.client.send(command(), abort))
            .catch((error: unknown) => {
              failed = true
              throw error
            })
          failPoint('push.part')
          return sent.kind === 'output' ? { PartNumber, ETag: sent.output.ETag ?? '', ChecksumSHA256 } : null
        }),
      ),
    )
    // Parts that are on their way arrive before a failure is told, and no further one begins: the next attempt finds them.
    const parts = settled.map(part => {
      if (part.status === 'rejected') throw part.reason
      return part.value
    })
    const whole = parts.filter(part => part !== null)
    return whole.length === parts.length ? whole : null
  } finally {
    await handle.close()
  }
}

async function partsThere({ sender, target, place }: Upload, id: string): Promise<Map<number, Part> | null> {
  const parts = new Map<number, Part>()
  let marker: string | undefined
  do {
    const command = new ListPartsCommand({ ...target, UploadId: id, ...given({ PartNumberMarker: marker }) })
    const sent = await sender.send(place, abort => sender.client.send(command, abort))
    if (sent.kind !== 'output') return null
    for (const { PartNumber = 0, ETag = '', ChecksumSHA256 = '' } of sent.output.Parts ?? [])
      parts.set(PartNumber, { PartNumber, ETag, ChecksumSHA256 })
    marker = sent.output.IsTruncated ? sent.output.NextPartNumberMarker : undefined
  } while (marker !== undefined)
  return parts
}

async function pieceOf(handle: FileHandle, { start, bytes }: { start: number; bytes: number }): Promise<Buffer> {
  const content = Buffer.allocUnsafe(bytes)
  for (let filled = 0; filled < bytes; ) {
    const { bytesRead } = await handle.read(content, filled, bytes - filled, start + filled)
    if (bytesRead === 0) throw new Error('the file became shorter while it was read')
    filled += bytesRead
  }
  return content
}

async function isThere({ sender, target, place, file }: Upload): Promise<boolean> {
  const sent = await sender.send(place, abort => sender.client.send(new HeadObjectCommand(target), abort))
  return sent.kind === 'output' && sent.output.ContentLength === file.bytes
}

async function abortUpload(
  { sender, target, place }: Pick<Upload, 'sender' | 'target' | 'place'>,
  id: string,
): Promise<void> {
  const command = new AbortMultipartUploadCommand({ ...target, UploadId: id })
  await sender.send(place, abort => sender.client.send(command, abort))
}

/** Uploads under the prefix that began before a time. Gives their number. */
export async function dropUploads(options: {
  sender: S3Sender
  bucket: string
  prefix: string
  place: string
  before: number
}): Promise<number> {
  const { sender, bucket, prefix, place, before } = options
  let dropped = 0
  let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
  while (marker !== undefined) {
    const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
      Bucket: bucket,
      Prefix: prefix,
      ...marker,
    })
    const sent: Sent<ListMultipartUploadsCommandOutput> = await sender.send(place, abort =>
      sender.client.send(command, abort),
    )
    if (sent.kind !== 'output') break
    const { Uploads = [], IsTruncated, NextKeyMarker, NextUploadIdMarker } = sent.output
    for (const { Key, UploadId, Initiated } of Uploads) {
      if (Key === undefined || UploadId === undefined || (Initiated?.getTime() ?? before) >= before) continue
      await abortUpload({ sender, target: { Bucket: bucket, Key }, place }, UploadId)
      dropped++
    }
    marker = IsTruncated ? given({ KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker }) : undefined
  }
  return dropped
}
