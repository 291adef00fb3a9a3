/**
 * The lock that set-up and services share, at every point where two that take over from the same dead holder can meet: other
 * contenders run whole between any two file operations of one, and never are two inside.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fs, { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { withLockFile } from '../../../commands/services/lock-file.mjs'

const folder = mkdtempSync(join(tmpdir(), 'rlev-lock-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const operations = [
  'linkSync',
  'renameSync',
  'rmSync',
  'readFileSync',
  'writeFileSync',
  'openSync',
  'utimesSync',
] as const
const plain = Object.fromEntries(operations.map(name => [name, fs[name]]))

/** Calls `meanwhile(n)` before the n-th file operation under the folder that `act` makes until it waits; gives their number. */
function interrupted(act: () => void, meanwhile: (operation: number) => void): number {
  let count = 0
  let nested = false
  const patched = Object.fromEntries(
    operations.map(name => [
      name,
      (...args: unknown[]) => {
        if (!nested && String(args[0]).startsWith(folder)) {
          nested = true
          meanwhile(count++)
          nested = false
        }
        return (plain[name] as (...args: unknown[]) => unknown)(...args)
      },
    ]),
  )
  Object.assign(fs, patched)
  syncBuiltinESMExports()
  try {
    act()
  } finally {
    Object.assign(fs, plain)
    syncBuiltinESMExports()
  }
  return count
}

const dead = JSON.stringify({ pid: process.pid, started: 'before another boot' })

/** Contenders for one file whose holder is dead: one starts, and the others each before one of its file operations. */
async function contend(file: string, startsBefore: readonly number[]): Promise<number> {
  writeFileSync(file, dead)
  let inside = 0
  const work = async () => {
    inside += 1
    assert.equal(inside, 1, `two are inside, where others start before the operations ${startsBefore.join(' and ')}`)
    await sleep(2)
    inside -= 1
  }
  const contenders: Promise<void>[] = []
  const contender = () => void contenders.push(withLockFile({ file, timeoutMs: 10_000 }, work))
  const made = interrupted(contender, operation => {
    for (const one of startsBefore) if (one === operation) contender()
  })
  assert.equal(
    (await Promise.allSettled(contenders)).find(({ status }) => status === 'rejected'),
    undefined,
  )
  return made
}

describe('a lock', () => {
  it('left by a dead holder goes to one of all that find it, wherever they meet', async () => {
    const file = join(folder, 'contended.lock')
    const count = await contend(file, [])
    for (let first = 0; first <= count; first++) {
      for (let second = first; second <= count; second++) {
        await contend(file, [first, second])
        assert.deepEqual(readdirSync(folder), [])
      }
    }
    assert.equal(existsSync(file), false)
  })

  it('left by a dead holder is taken over although one that was about to do so died as well', async () => {
    const file = join(folder, 'twice.lock')
    const right = `${file}.${createHash('sha256').update(dead).digest('hex').slice(0, 16)}`
    writeFileSync(file, dead)
    writeFileSync(right, dead)
    assert.equal(await withLockFile({ file, timeoutMs: 5_000 }, async () => 'through'), 'through')
    assert.deepEqual(readdirSync(folder), [])
  })

  it('of a living process on another machine is waited for, and so is a file that names nobody', async () => {
    for (const text of [JSON.stringify({ pid: 1, started: 'then', machine: 'elsewhere' }), 'cut o']) {
      const file = join(folder, 'elsewhere.lock')
      writeFileSync(file, text)
      const waited: (number | undefined)[] = []
      const taken = withLockFile({ file, timeoutMs: 250, onWait: pid => waited.push(pid) }, async () => 'through')
      await assert.rejects(taken, /still held/)
      assert.deepEqual(waited, [text.startsWith('{') ? 1 : undefined])
      assert.equal(readFileSync(file, 'utf8'), text)
      rmSync(file)
    }
    assert.deepEqual(readdirSync(folder), [])
  })
})
