/** Which test files run together: each in one batch, with services alone, and the batches without services alike in their time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

interface Batch {
  names: string[]
  seconds: number
  failed: boolean
  services: boolean
}

const { batchesOf } = (await import(new URL('../../../scripts/test/batches.mjs', import.meta.url).href)) as {
  batchesOf: (names: string[], times: Record<string, { seconds: number; failed?: boolean }>) => Batch[]
}

const parts = Array.from({ length: 240 }, (_, index) => `part-${String(index).padStart(3, '0')}.test.js`)
const services = Array.from({ length: 5 }, (_, index) => `${index}.service.test.js`)
/** Most take a moment, and some take long. */
const times = Object.fromEntries(
  [...parts, ...services].map((name, index) => [name, { seconds: index % 31 === 0 ? 9 : 0.3 }]),
)

test('every file is in one batch, and one with services alone', () => {
  const batches = batchesOf([...parts, ...services], times)
  assert.deepEqual(batches.flatMap(({ names }) => names).sort(), [...parts, ...services].sort())
  for (const batch of batches.filter(one => one.services)) assert.equal(batch.names.length, 1)
  assert.equal(batches.filter(one => one.services).length, services.length)
})

test('batches without services are as many as run at once, and take nearly the same time, whatever the files take', () => {
  const batches = batchesOf(parts, times)
  assert.equal(batches.length, 3)
  const seconds = batches.map(batch => batch.seconds)
  const mean = seconds.reduce((sum, each) => sum + each, 0) / seconds.length
  // No more than one long file apart.
  for (const each of seconds) assert.ok(Math.abs(each - mean) <= 9, `${seconds}`)
})

test('what failed comes first, then the files without services, then the longest first', () => {
  const slow = {
    ...times,
    [services[2] as string]: { seconds: 60 },
    [parts[200] as string]: { seconds: 1, failed: true },
  }
  const batches = batchesOf([...parts, ...services], slow)
  assert.ok(batches[0]?.failed && batches[0].names.includes(parts[200] as string))
  const firstWithServices = batches.findIndex(batch => batch.services)
  assert.ok(batches.slice(1, firstWithServices).every(batch => !batch.services && !batch.failed))
  assert.deepEqual(batches[firstWithServices]?.names, [services[2]])
})

test('a few short files are one batch, and nothing is empty', () => {
  const none = Object.fromEntries(parts.map(name => [name, { seconds: 0 }]))
  for (const [count, known] of [
    [1, {}],
    [2, {}],
    [3, {}],
    [3, none],
  ] as const) {
    const batches = batchesOf(parts.slice(0, count), known)
    assert.equal(batches.length, 1)
    assert.ok(batches.every(({ names }) => names.length > 0))
    assert.equal(batches.flatMap(({ names }) => names).length, count)
  }
})
