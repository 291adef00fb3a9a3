/** Objects on a real server: conditions, lists, races. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { checkConditions } from '../../../../activities/store/objects/conditions.js'
import type { Objects, Put } from '../../../../activities/store/objects/objects.js'
import { gatewayVariables, whyNoGateway } from './gateway.js'
import { etagOf, isKind, keysOf, onGateway, textOf } from './on-gateway.js'

describe('objects on a real server', { skip: whyNoGateway() }, () => {
  const { fresh, file, port, prefix } = onGateway()

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
        const call = [racer, name, prefix(), '40', '25', start]
        const { stdout } = await promisify(execFile)(process.execPath, call, {
          env: { ...process.env, ...gatewayVariables(port()) },
        })
        return JSON.parse(stdout) as string[]
      }),
    )
    const all = won.flat()
    assert.equal(all.length, 40)
    assert.equal(new Set(all).size, 40)
    assert.equal((await textOf(objects, 'counter'))?.split(' ')[0], '50')
  })

  it('do not accept content that is not of its digest', async () => {
    const objects = fresh()
    const { file: given } = file(2000)
    await assert.rejects(objects.putFile('blob', { ...given, sha256: 'ab'.repeat(32) }), isKind('CallInvalid'))
    assert.equal(await objects.facts('blob'), null)
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

/** The store with some of its methods replaced. */
function replaced(real: Objects, breach: Partial<Objects>): Objects {
  return new Proxy(real, {
    get(target, name) {
      const value = (Reflect.get(breach, name) ?? Reflect.get(target, name)) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
