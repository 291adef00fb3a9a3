/** Objects on a real server, for tests. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import type { Objects, Put } from '../../../../activities/store/objects/objects.js'
import { S3Objects } from '../../../../activities/store/objects/s3.js'
import { RlevError } from '../../../../pipelines/errors.js'
import { bucket, FaultyGateway, Gateway, type Strike, useGateway } from './gateway.js'

export const isKind = (kind: string, text?: RegExp) => (error: unknown) =>
  error instanceof RlevError && error.kind === kind && (text === undefined || text.test(error.message))

export const etagOf = (put: Put) => (put.kind === 'written' ? put.etag : assert.fail('it was refused'))
export const textOf = async (objects: Objects, key: string) => (await objects.get(key))?.content.toString('utf8')

export async function keysOf(objects: Objects): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of objects.list('')) keys.push(key)
  return keys
}

/** For the tests of one `describe`: objects each under another prefix, files, and a proxy that strikes. */
export function onGateway() {
  let gateway: Gateway
  let back: () => void
  let folder: string
  let files = 0
  let prefixes = 0
  before(async () => {
    gateway = await Gateway.start()
    back = useGateway(gateway.port)
    folder = mkdtempSync(join(tmpdir(), 'rlev-objects-'))
  })
  after(async () => {
    back?.()
    await gateway?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const fresh = (options: ConstructorParameters<typeof S3Objects>[1] = {}) =>
    new S3Objects({ bucket, prefix: `test/${++prefixes}` }, { backoffMs: 5, ...options })

  /** The same objects, directly and through a proxy that strikes. */
  async function struck(strike: Strike, work: (objects: Objects, direct: Objects) => Promise<void>) {
    const direct = fresh()
    const proxy = await FaultyGateway.before(gateway, strike)
    const reset = useGateway(proxy.port)
    try {
      const through = new S3Objects({ bucket, prefix: `test/${prefixes}` }, { backoffMs: 5, timeoutMs: 400 })
      await work(through, direct)
    } finally {
      reset()
      await proxy.stop()
    }
  }

  const file = (bytes: number) => {
    const content = randomBytes(bytes)
    const path = join(folder, `file-${++files}`)
    writeFileSync(path, content)
    return { content, file: { path, bytes, sha256: createHash('sha256').update(content).digest('hex') } }
  }

  return { fresh, struck, file, port: () => gateway.port, prefix: () => `test/${prefixes}` }
}
