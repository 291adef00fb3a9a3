import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { deepFreeze } from '../../../pipelines/config/deep-freeze.js'
import { configDifference } from '../../../pipelines/config/difference.js'
import { digest, experimentKey } from '../../../pipelines/config/digest.js'
import { experimentSchema } from '../../../pipelines/config/schema.js'

test('a digest is the sha256 of canonical JSON', () => {
  // printf '{"a":[1,{"x":null,"y":"é"}],"b":0.1}' | sha256sum
  assert.equal(
    digest({ b: 0.1, absent: undefined, a: [1, { y: 'é', x: null }] }),
    '27b254cd023b922a1c5f7c28c76bcd2e0688d5f6d867cb20ef88288f31a64123',
  )
})

test('a digest does not depend on the order of keys, and tells different values apart', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      assert.equal(digest(reversed(a)), digest(a))
      if (JSON.stringify(reversed(a)) !== JSON.stringify(reversed(b)) && configDifference({ a }, { a: b }).length > 0) {
        assert.notEqual(digest(a), digest(b))
      }
    }),
  )
})

test('a number that JSON cannot write has no digest', () => {
  assert.throws(() => digest({ a: [Number.NaN] }), { kind: 'NotFinite' })
})

test('the key of an experiment leaves out its name, its tracking and how it is cut up, and nothing else', () => {
  const config = experimentSchema.parse({ name: 'a' })
  const key = experimentKey(config)
  const renamed = experimentSchema.parse({
    name: 'b',
    tracking: { experiment: 'other' },
    durability: { stepsPerActivity: 1 },
    checkpoint: { everySteps: 1 },
  })
  assert.equal(experimentKey(renamed), key)
  for (const changed of [
    { seed: 2 },
    { steps: 99 },
    { reward: { alpha: 9 } },
    { data: { source: 'synthetic', exam: 'nc' } },
  ]) {
    assert.notEqual(experimentKey(experimentSchema.parse({ name: 'a', ...changed })), key)
  }
})

test('of a judge the key has who it is, and not how it is reached', () => {
  const judge = { url: 'http://127.0.0.1:1/v1', model: 'm' }
  const keyWith = (changes: object) =>
    experimentKey(experimentSchema.parse({ name: 'a', judge: { ...judge, ...changes } }))
  const key = keyWith({})
  const reached = { url: 'https://other.example/v1', timeout: 1, attempts: 1, backoff: 0, concurrency: 1 }
  assert.equal(keyWith(reached), key)
  for (const changed of [{ model: 'n' }, { decides: 'evaluation' }]) assert.notEqual(keyWith(changed), key)
  assert.notEqual(experimentKey(experimentSchema.parse({ name: 'a' })), key)
})

test('the difference of two configs names each key that differs, once', () => {
  const a = { same: 1, reward: { alpha: 1, cap: 1 }, list: [1, 2], gone: true }
  const b = { same: 1, reward: { alpha: 2, cap: 1 }, list: [1, 3], added: null }
  assert.deepEqual(configDifference(a, b), [
    { path: 'reward.alpha', a: 1, b: 2 },
    { path: 'list', a: [1, 2], b: [1, 3] },
    { path: 'gone', a: true, b: undefined },
    { path: 'added', a: undefined, b: null },
  ])
  assert.deepEqual(configDifference(a, structuredClone(a)), [])
})

test('a frozen value cannot be changed anywhere', () => {
  const value = deepFreeze({ a: [{ b: 1 }], c: null })
  assert.throws(() => Object.assign(value.a[0] as object, { b: 2 }), TypeError)
  assert.throws(() => (value.a as unknown[]).push(1), TypeError)
})

/** The same value with the keys of every object in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]: [string, unknown]) => [key, reversed(inner)]),
  )
}

test('the local engine has no kind in a config, so that digests stay; of a server the model counts, not its address', () => {
  const parsed = (engine: object) => experimentSchema.parse({ name: 'a', engine })
  assert.deepEqual(parsed({ kind: 'local', lanes: 2 }), parsed({ lanes: 2 }))
  assert.deepEqual(Object.keys(parsed({}).engine), ['mode', 'lanes', 'matrices', 'xla'])
  const server = (keys: object) =>
    experimentKey(parsed({ kind: 'tinker', url: 'http://127.0.0.1:1', baseModel: 'm', ...keys }))
  assert.equal(server({ url: 'https://example.org', inFlight: 8, patienceMs: 5000 }), server({}))
  assert.notEqual(server({ baseModel: 'n' }), server({}))
})
