/** Contents in memory follow the files. */
import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readIfThere } from '../../../activities/store/files.js'
import { Unchanged } from '../../../activities/store/unchanged.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-unchanged-'))
after(() => rmSync(folder, { recursive: true }))
const path = (name: string) => join(folder, name)

function reader(most: number) {
  const unchanged = new Unchanged<string>(most)
  const reads: string[] = []
  const read = (name: string) =>
    unchanged.read(path(name), () => {
      reads.push(name)
      return readIfThere(path(name))?.toString('utf8') ?? 'none'
    })
  return { read, reads }
}

test('a file is read once while it stays the same', () => {
  writeFileSync(path('a'), 'one')
  const { read, reads } = reader(2)
  assert.deepEqual([read('a'), read('a')], ['one', 'one'])
  assert.deepEqual(reads, ['a'])
})

test('another file in its place is read, also one of the same length and time', () => {
  writeFileSync(path('b'), 'one')
  utimesSync(path('b'), 1000, 1000)
  const { read } = reader(2)
  assert.equal(read('b'), 'one')
  writeFileSync(path('new'), 'two')
  utimesSync(path('new'), 1000, 1000)
  renameSync(path('new'), path('b'))
  assert.equal(read('b'), 'two')
  writeFileSync(path('b'), 'six')
  utimesSync(path('b'), 1000, 1000)
  assert.equal(read('b'), 'six')
})

test('a file that is gone, or comes later, is noticed', () => {
  const { read } = reader(2)
  assert.equal(read('c'), 'none')
  writeFileSync(path('c'), 'one')
  assert.equal(read('c'), 'one')
  rmSync(path('c'))
  assert.equal(read('c'), 'none')
})

test('the files that were used last are kept', () => {
  for (const name of ['d', 'e', 'f']) writeFileSync(path(name), name)
  const { read, reads } = reader(2)
  for (const name of ['d', 'e', 'd', 'f', 'd', 'e']) assert.equal(read(name), name)
  assert.deepEqual(reads, ['d', 'e', 'f', 'e'])
})
