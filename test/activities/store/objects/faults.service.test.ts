/** Objects on a server that is slow, cuts connections, loses answers or is away, and large files in parts. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Objects } from '../../../../activities/store/objects/objects.js'
import { S3Objects } from '../../../../activities/store/objects/s3.js'
import { bucket, type Call, type Fault, useGateway, whyNoGateway } from './gateway.js'
import { etagOf, isKind, keysOf, onGateway, textOf } from './on-gateway.js'

const mebibyte = 2 ** 20

describe('objects behind a bad connection', { skip: whyNoGateway() }, () => {
  const { fresh, struck, file, port, prefix } = onGateway()

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
    const wrong = useGateway(port(), { AWS_SECRET_ACCESS_KEY: 'another-secret-access-key' })
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
    const without = useGateway(port(), {
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
      const impatient = new S3Objects({ bucket, prefix: prefix() }, { attempts: 2, backoffMs: 5 })
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
      const slow = new S3Objects({ bucket, prefix: prefix() }, { backoffMs: 5 })
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
        const impatient = new S3Objects({ bucket, prefix: prefix() }, { attempts: 1 })
        await assert.rejects(impatient.putFile('blob', large))
        const now = await direct.now()
        assert.equal(await direct.dropUploads(now - 3_600_000), 0)
        assert.equal(await direct.dropUploads(now + 60_000), 1)
        assert.equal(await direct.dropUploads(now + 60_000), 0)
      },
    )
  })
})
