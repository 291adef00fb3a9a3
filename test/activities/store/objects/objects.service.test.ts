import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { checkConditions } from '../../../../activities/store/objects/conditions.js'
import type { Objects, Put } from '../../../../activities/store/objects/objects.js'
import { S3Objects } from '../../../../activities/store/objects/s3.js'
import { RlevError } from '../../../../pipelines/errors.js'
import {
  bucket,
  type Call,
  type Fault,
  FaultyGateway,
  Gateway,
  gatewayVariables,
  type Strike,
  useGateway,
  whyNoGateway,
} from './gateway.js'

const isKind = (kind: string, text?: RegExp) => (error: unknown) =>
  error instanceof RlevError && error.kind === kind && (text === undefined || text.test(error.message))
const mebibyte = 2 ** 20

describe('objects on a real server', { skip: whyNoGateway() }, () => {
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

  const etagOf = (put: Put) => (put.kind === 'written' ? put.etag : assert.fail('it was refused'))
  const textOf = async (objects: Objects, key: string) => (await objects.get(key))?.content.toString('utf8')

  it('are written once, changed by their tag, and deleted by their tag', async () => {
    const objects = fresh()
    assert.equal(await objects.get('a'), null)
    assert.equal(await objects.facts('a'), null)
    const first = etagOf(await objects.putIfAbsent('a', Buffer.from('one')))
    assert.equal((await objects.putIfAbsent('a', Buffer.from('two'))).kind, 'refused')
    const second = etagOf(await objects.putIfMatch('a', Buffer.from('three'), first))
    assert.equal((await objects.putIfMatch('a', Buffer.from('four'), first)).kind, 'refused')
    assert.equal((await objects.putIfMatch('missing', Buffer.from('four'), first)).kind, 'refused')
    assert.equal(await textOf(objects, 'a'), 'three')
    assert.equal((await objects.facts('a'))?.bytes, 5)
    assert.equal((await objects.range('a', { start: 1, end: 4 }))?.toString(), 'hre')
    assert.equal(await objects.deleteIfMatch('a', first), false)
    assert.equal(await objects.deleteIfMatch('a', second), true)
    assert.equal(await objects.deleteIfMatch('a', second), true)
    assert.equal(await objects.get('a'), null)
  })

  it('are listed over pages, in order, from a key on, and only under the prefix', async () => {
    const objects = fresh({ pageKeys: 3 })
    const keys = Array.from({ length: 10 }, (_, index) => `list/${index}`)
    for (const key of [...keys, 'other/1']) await objects.putIfAbsent(key, Buffer.from(key))
    const listed = async (options?: { after: string }) => {
      const names: string[] = []
      for await (const { key, bytes } of objects.list('list/', options)) {
        assert.equal(bytes, key.length)
        names.push(key)
      }
      return names
    }
    assert.deepEqual(await listed(), keys)
    assert.deepEqual(await listed({ after: 'list/6' }), keys.slice(7))
  })

  it('have the clock of the store', async () => {
    const objects = fresh()
    await objects.putIfAbsent('a', Buffer.from('a'))
    const { modified } = (await objects.facts('a')) ?? assert.fail()
    assert.ok(Math.abs((await objects.now()) - modified) < 5_000)
  })

  it('are kept apart by the conditions that up and doctor test', async () => {
    const objects = fresh()
    await checkConditions(objects)
    assert.deepEqual(await keysOf(objects), [])
  })

  it('are refused where the store accepts a condition and ignores it', async () => {
    const objects = fresh()
    const putAlways = async (key: string, content: Uint8Array): Promise<Put> => {
      const put = await objects.putIfAbsent(key, content)
      return put.kind === 'written' ? put : objects.putIfMatch(key, content, (await objects.facts(key))?.etag ?? '')
    }
    const deleteAlways = async (key: string) => objects.deleteIfMatch(key, (await objects.facts(key))?.etag ?? '')
    const breaches: [Partial<Objects>, RegExp][] = [
      [{ putIfAbsent: putAlways }, /If-None-Match: \*/],
      [{ putIfMatch: putAlways }, /If-Match on PUT/],
      [{ deleteIfMatch: deleteAlways }, /If-Match on DELETE/],
    ]
    for (const [breach, named] of breaches)
      await assert.rejects(checkConditions(replaced(objects, breach)), isKind('CallInvalid', named))
  })

  it('have one winner a key, and lose no change, when two processes race', async () => {
    const objects = fresh()
    await objects.putIfAbsent('counter', Buffer.from('0'))
    const racer = fileURLToPath(new URL('racer.js', import.meta.url))
    const start = String(Date.now() + 1500)
    const won = await Promise.all(
      ['x', 'y'].map(async name => {
        const call = [racer, name, `test/${prefixes}`, '40', '25', start]
        const { stdout } = await promisify(execFile)(process.execPath, call, {
          env: { ...process.env, ...gatewayVariables(gateway.port) },
        })
        return JSON.parse(stdout) as string[]
      }),
    )
    const all = won.flat()
    assert.equal(all.length, 40)
    assert.equal(new Set(all).size, 40)
    assert.equal((await textOf(objects, 'counter'))?.split(' ')[0], '50')
  })

  it('know a write of their own whose answer was lost', async () => {
    let lost = 0
    const strike = ({ method }: Call): Fault => (method === 'PUT' && lost++ % 2 === 0 ? 'swallow' : 'none')
    await struck(strike, async (objects, direct) => {
      const etag = etagOf(await objects.putIfAbsent('a', Buffer.from('mine')))
      assert.equal((await direct.facts('a'))?.etag, etag)
      const next = etagOf(await objects.putIfMatch('a', Buffer.from('mine again'), etag))
      assert.equal((await direct.facts('a'))?.etag, next)
      assert.ok(lost >= 4)
    })
  })

  it('do not take the write of another for their own', async () => {
    let other: Objects | undefined
    // The first request does not arrive; before the second one another writer has come.
    const strike = async ({ method }: Call): Promise<Fault> => {
      if (method !== 'PUT' || other === undefined) return 'none'
      await other.putIfAbsent('a', Buffer.from('of another'))
      other = undefined
      return 'cut'
    }
    await struck(strike, async (objects, direct) => {
      other = direct
      assert.equal((await objects.putIfAbsent('a', Buffer.from('mine'))).kind, 'refused')
      assert.equal(await textOf(direct, 'a'), 'of another')
    })
  })

  for (const fault of ['slowDown', 'conflict', 'cut', 'swallow'] as const) {
    it(`get through three answers of the kind ${fault}, whatever is asked`, async () => {
      const left = new Map<string, number>()
      const strike = ({ method, path }: Call): Fault => {
        const struckBefore = left.get(method + path) ?? 0
        left.set(method + path, struckBefore + 1)
        return struckBefore < 3 ? fault : 'none'
      }
      await struck(strike, async objects => {
        const etag = etagOf(await objects.putIfAbsent('a', Buffer.from('one')))
        assert.equal(await textOf(objects, 'a'), 'one')
        assert.equal((await objects.facts('a'))?.etag, etag)
        assert.deepEqual(await keysOf(objects), ['a'])
        assert.equal(await objects.deleteIfMatch('a', etag), true)
      })
    })
  }

  it('are written also if the server is slower than the limit of a request at first', async () => {
    let slow = 2
    await struck(
      ({ method }) => (method === 'PUT' && slow-- > 0 ? { delayMs: 600 } : 'none'),
      async objects => {
        etagOf(await objects.putIfAbsent('a', Buffer.from('late')))
        assert.equal(await textOf(objects, 'a'), 'late')
      },
    )
  })

  it('name a store that is away, keys that are wrong or missing, and a bucket that is not there', async () => {
    await struck(
      () => 'cut',
      async objects => {
        await assert.rejects(objects.get('a'), isKind('ServiceUnavailable', /does not answer[\s\S]*to do:/))
      },
    )
    const wrong = useGateway(gateway.port, { AWS_SECRET_ACCESS_KEY: 'another-secret-access-key' })
    await assert.rejects(fresh().putIfAbsent('a', Buffer.from('a')), (error: unknown) => {
      assert.ok(isKind('CallInvalid', /refuses these keys/)(error))
      assert.ok(!String(error).includes('another-secret'))
      return true
    })
    wrong()
    const none = new S3Objects({ bucket: 'no-such-bucket', prefix: '' })
    await assert.rejects(none.putIfAbsent('a', Buffer.from('a')), isKind('CallInvalid', /no such bucket/))
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = process.env
    delete process.env['AWS_ACCESS_KEY_ID']
    delete process.env['AWS_SECRET_ACCESS_KEY']
    const without = useGateway(gateway.port, {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
      AWS_CONFIG_FILE: '/nowhere',
    })
    await assert.rejects(fresh().get('a'), isKind('CallInvalid', /no keys for the object store/))
    without()
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret })
  })

  it('do not accept content that is not of its digest', async () => {
    const objects = fresh()
    const { file: given } = file(2000)
    await assert.rejects(objects.putFile('blob', { ...given, sha256: 'ab'.repeat(32) }), isKind('CallInvalid'))
    assert.equal(await objects.facts('blob'), null)
  })

  it('take large files in parts, and send again only what an interrupted upload lacks', async () => {
    const { content, file: large } = file(50 * mebibyte)
    let sent = 0
    let closed = false
    // The third part does not get through: the call gives up.
    const strike = ({ method, query }: Call): Fault => {
      if (method !== 'PUT' || !query.has('partNumber')) return 'none'
      if (query.get('partNumber') === '3' && !closed) return 'cut'
      sent++
      return 'none'
    }
    await struck(strike, async (objects, direct) => {
      const impatient = new S3Objects({ bucket, prefix: `test/${prefixes}` }, { attempts: 2, backoffMs: 5 })
      await assert.rejects(impatient.putFile('blob', large), isKind('ServiceUnavailable'))
      assert.equal(await direct.facts('blob'), null)
      closed = true
      const before = sent
      await impatient.putFile('blob', large)
      assert.ok(before >= 1 && sent <= 4, `${before} parts before, ${sent} in all, of 4`)
      assert.ok((await direct.get('blob'))?.content.equals(content))
      // Once more: nothing is sent.
      await objects.putFile('blob', large)
      assert.ok(sent <= 4)
    })
  })

  it('complete a large file whose last answer was lost, and when two send it at once', async () => {
    const { content, file: large } = file(33 * mebibyte)
    let lost = 1
    const strike = ({ method, query }: Call): Fault =>
      method === 'POST' && query.has('uploadId') && lost-- > 0 ? 'swallow' : 'none'
    await struck(strike, async (objects, direct) => {
      const slow = new S3Objects({ bucket, prefix: `test/${prefixes}` }, { backoffMs: 5 })
      await slow.putFile('blob', large)
      assert.ok((await direct.get('blob'))?.content.equals(content))
      await Promise.all([slow, direct].map(one => one.putFile('twice', large)))
      assert.equal((await objects.facts('twice'))?.bytes, large.bytes)
      assert.equal(await direct.dropUploads((await direct.now()) + 60_000), 0)
    })
  })

  it('drop uploads that began before a time, and leave younger ones', async () => {
    const { file: large } = file(33 * mebibyte)
    await struck(
      ({ method }) => (method === 'POST' ? 'none' : method === 'PUT' ? 'cut' : 'none'),
      async (_, direct) => {
        const impatient = new S3Objects({ bucket, prefix: `test/${prefixes}` }, { attempts: 1 })
        await assert.rejects(impatient.putFile('blob', large))
        const now = await direct.now()
        assert.equal(await direct.dropUploads(now - 3_600_000), 0)
        assert.equal(await direct.dropUploads(now + 60_000), 1)
        assert.equal(await direct.dropUploads(now + 60_000), 0)
      },
    )
  })

  it('write an old blob again when it is asked for younger', async () => {
    const objects = fresh()
    const { file: small } = file(1000)
    await objects.putFile('blob', small)
    const { modified } = (await objects.facts('blob')) ?? assert.fail()
    await objects.putFile('blob', small, { refreshBefore: modified + 1 })
    assert.ok((await objects.facts('blob'))?.modified !== undefined)
  })
})

async function keysOf(objects: Objects): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of objects.list('')) keys.push(key)
  return keys
}

/** The store with some of its methods replaced. */
function replaced(real: Objects, breach: Partial<Objects>): Objects {
  return new Proxy(real, {
    get(target, name) {
      const value = (Reflect.get(breach, name) ?? Reflect.get(target, name)) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
