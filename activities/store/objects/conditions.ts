/**
 * Whether a store keeps the conditions that machines are kept apart by: two writes of one key, a write with an old tag, a race of several,
 * and content that does not match its digest. Some servers accept the header and ignore it; with one of those two attempts would both
 * believe to be the owner of a run.
 */
import { randomUUID } from 'node:crypto'
import { RlevError } from '../../../pipelines/errors.js'
import type { Objects, Put } from './objects.js'

/** Writers in a race. */
const racers = 4

/** Throws CallInvalid, naming the condition that the store does not keep. Leaves nothing in the store. */
export async function checkConditions(store: Objects): Promise<void> {
  const id = randomUUID()
  const keys = { single: `self-test/${id}/single`, race: `self-test/${id}/race` }
  try {
    await checkSingle(store, keys.single)
    await checkRace(store, keys.race)
  } finally {
    for (const key of Object.values(keys)) {
      const there = await store.facts(key)
      if (there !== null) await store.deleteIfMatch(key, there.etag)
    }
  }
}

async function checkSingle(store: Objects, key: string): Promise<void> {
  const first = await store.putIfAbsent(key, Buffer.from('first'))
  if (first.kind !== 'written') throw without(store, 'a first write', 'it was refused')
  const second = await store.putIfAbsent(key, Buffer.from('second'))
  if (second.kind !== 'refused') throw without(store, 'If-None-Match: * on PUT', 'a second write was accepted')
  const changed = await store.putIfMatch(key, Buffer.from('changed'), first.etag)
  if (changed.kind !== 'written') throw without(store, 'If-Match on PUT', 'a write with the right tag was refused')
  const stale = await store.putIfMatch(key, Buffer.from('stale'), first.etag)
  if (stale.kind !== 'refused') throw without(store, 'If-Match on PUT', 'a write with an old tag was accepted')
  const found = await store.get(key)
  if (found?.content.toString('utf8') !== 'changed')
    throw without(store, 'reads of what was written last', `${JSON.stringify(found?.content.toString('utf8') ?? null)}`)
  const listed: string[] = []
  for await (const { key: name } of store.list(key)) listed.push(name)
  if (listed.join(' ') !== key) throw without(store, 'a list with what was written', listed.join(' '))
  if (await store.deleteIfMatch(key, first.etag))
    throw without(store, 'If-Match on DELETE', 'an object with another tag was deleted')
  if (!(await store.deleteIfMatch(key, found.etag)))
    throw without(store, 'If-Match on DELETE', 'a deletion with the right tag was refused')
}

async function checkRace(store: Objects, key: string): Promise<void> {
  const all = <Result>(write: (content: Buffer) => Promise<Result>) =>
    Promise.all(Array.from({ length: racers }, (_, index) => write(Buffer.from(`racer ${index} ${randomUUID()}`))))
  const one = (puts: readonly Put[], condition: string): string => {
    const winners = puts.flatMap(put => (put.kind === 'written' ? [put.etag] : []))
    const [etag] = winners
    if (winners.length === 1 && etag !== undefined) return etag
    throw without(store, `${condition} in a race`, `${winners.length} of ${racers} writers won`)
  }
  const etag = one(await all(content => store.putIfAbsent(key, content)), 'If-None-Match: *')
  one(await all(content => store.putIfMatch(key, content, etag)), 'If-Match')
}

function without(store: Objects, condition: string, found: string): RlevError {
  return new RlevError({
    kind: 'CallInvalid',
    message: 'the object store does not keep the conditions that rlev needs',
    place: store.address,
    expected: condition,
    found,
    remedy:
      'use a store with conditional writes (AWS S3, versitygw, SeaweedFS from April 2026 on, a bucket without versions), or unset RLEV_STORE',
  })
}
