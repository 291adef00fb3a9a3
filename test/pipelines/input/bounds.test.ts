import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { masked, withoutSecrets } from '../../../activities/machine/secrets.js'
import { RlevError } from '../../../pipelines/errors.js'
import { parseBoundedJson, UnfitJson } from '../../../pipelines/input/bounded-json.js'
import { plainMarkdown } from '../../../pipelines/input/markdown.js'
import { TooSlow, withinTime } from '../../../pipelines/input/time-limit.js'
import { printable, withoutCredentials } from '../../../pipelines/printable.js'

test('what steers a terminal or turns a line is written out, and printed JSON stays the same JSON', () => {
  assert.equal(printable('a\u001b[2J\u009b\u202eb\r\n\tc'), 'a\\u001b[2J\\u009b\\u202eb\\u000d\n\tc')
  assert.equal(printable('“值” ß עברית\u200f'), '“值” ß עברית\u200f')
  fc.assert(
    fc.property(fc.anything({ withObjectString: false, maxDepth: 2 }), value => {
      const json = JSON.stringify(value)
      if (json !== undefined) assert.deepEqual(JSON.parse(printable(json)), JSON.parse(json))
    }),
  )
})

test('an address loses its login wherever it stands, and nothing else changes', () => {
  const text = 'GET https://user:p%40ss@host:5000/a?b=c@d failed; postgresql://u:p@db, a@b.c, http://host/x@y'
  assert.equal(
    withoutCredentials(text),
    'GET https://***@host:5000/a?b=c@d failed; postgresql://***@db, a@b.c, http://host/x@y',
  )
  const before = process.cpuUsage()
  withoutCredentials(`${'a-'.repeat(500_000)}${'x://'.repeat(100_000)}`)
  assert.ok(process.cpuUsage(before).user < 2e6)
})

test('an error shows what it quotes without steering, without logins, and not without end', () => {
  const { message, parts } = new RlevError({
    kind: 'CallInvalid',
    message: 'no\u001b[31m',
    place: 'http://u:secret@host',
    found: 'x'.repeat(30_000),
  })
  assert.match(message, /^http:\/\/\*\*\*@host: no\\u001b\[31m\n/)
  assert.match(message, /x{20000}… \(10000 characters more\)/)
  assert.equal(parts.place, 'http://***@host')
})

test('secrets of the environment are taken out of texts, and out of what a server is started with', () => {
  const environment = {
    MLFLOW_TRACKING_TOKEN: 'abcdefgh',
    TEMPORAL_API_KEY: 'abcdefgh-and-more',
    OPENAI_API_KEY: 'sk-12345678',
    MLFLOW_TRACKING_URI: 'https://user:from%20address@host',
    TEMPORAL_TLS_CLIENT_KEY_PATH: '/keys/client.pem',
    MY_TOKEN: 'abc',
    PATH: '/usr/bin',
    KEYBOARD: 'german-layout',
  }
  const text = 'abcdefgh-and-more abcdefgh sk-12345678 from address /keys/client.pem abc german-layout'
  assert.equal(masked(text, environment), '*** *** *** *** /keys/client.pem abc german-layout')
  assert.deepEqual(Object.keys(withoutSecrets(environment)), ['TEMPORAL_TLS_CLIENT_KEY_PATH', 'PATH', 'KEYBOARD'])
})

test('JSON within its bounds is what JSON.parse makes of it, and beyond them it is not parsed', () => {
  const bounds = { depth: 100, values: 10_000 }
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      assert.deepEqual(parseBoundedJson(JSON.stringify(value), bounds), JSON.parse(JSON.stringify(value)))
    }),
  )
  for (const text of ['{"a":1,"a":2}', `${'['.repeat(101)}`, `[${'0,'.repeat(10_001)}0]`]) {
    assert.throws(() => parseBoundedJson(text, bounds), UnfitJson)
  }
  assert.deepEqual(parseBoundedJson('{"a\\"}[{":"[[[[\\\\"}', { depth: 1, values: 3 }), { 'a"}[{': '[[[[\\' })
  assert.throws(() => parseBoundedJson('{"a', bounds), SyntaxError)
})

test('work that does not end is broken off, and what it throws or gives comes through', () => {
  assert.throws(() => withinTime(() => /(a+)+$/.test(`${'a'.repeat(40)}!`), { milliseconds: 50 }), TooSlow)
  assert.equal(
    withinTime(() => 7, { milliseconds: 1000 }),
    7,
  )
  assert.throws(
    () =>
      withinTime(
        () => {
          throw new RangeError('mine')
        },
        { milliseconds: 1000 },
      ),
    RangeError,
  )
})

test('work that waits for a processor is not taken for work that does not end', () => {
  const still = new Int32Array(new SharedArrayBuffer(4))
  const waiting = () => Atomics.wait(still, 0, 0, 120)
  assert.equal(withinTime(waiting, { milliseconds: 50 }), 'timed-out')
})

test('markup of Markdown shows as text, in one line', () => {
  assert.equal(plainMarkdown('a|b\n<img> [x](y) `z`'), 'a\\|b \\<img\\> \\[x\\](y) \\`z\\`')
})
