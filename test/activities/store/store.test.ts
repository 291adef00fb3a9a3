import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { asStorageError } from '../../../activities/store/disk-errors.js'
import { writeOnce, writeWhole } from '../../../activities/store/files.js'
import { runFolder } from '../../../activities/store/runs/run-folder.js'
import { Store } from '../../../activities/store/store.js'
import { makerOf, temporaryBeside } from '../../../activities/store/temporary-names.js'
import { RlevError } from '../../../pipelines/errors.js'

const isKind = (kind: string) => (error: unknown) => error instanceof RlevError && error.kind === kind

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rlev-store-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('a disk without room', () => {
  it('is an error that names the place, what is wrong with it, and what to do', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    const error = asStorageError(full, join(home, 'not', 'there', 'file'))
    assert.ok(error instanceof RlevError && error.kind === 'NoStorage')
    assert.match(error.message, /not\/there\/file: the disk is full[\s\S]*ENOSPC.*MB free[\s\S]*to do: +make room/)
  })

  it('is not made of other errors', () => {
    const other = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
    assert.equal(asStorageError(other, home), other)
  })
})

describe('the name of something unfinished', () => {
  it('says who makes it: this process, one before this boot, one on another machine, or nothing', () => {
    const name = temporaryBeside(join(home, 'step-000004'))
    assert.deepEqual(makerOf(name), { where: 'here', pid: process.pid })
    const [, machine = '', boot = ''] = /-([0-9a-f]{6})([0-9a-f]{6})-\d+-[0-9a-f]{8}$/.exec(name) ?? []
    assert.equal(makerOf(name.replace(machine + boot, `${machine}000000`))?.where, 'before')
    assert.equal(makerOf(name.replace(machine + boot, `000000${boot}`))?.where, 'elsewhere')
    assert.equal(makerOf('.tmp-step-000004'), null)
  })
})

describe('the store', () => {
  const fill = (text: string) => async (folder: string) => writeWhole(join(folder, 'data.json'), JSON.stringify(text))

  it('makes an output once for the same inputs', async () => {
    const store = new Store(home)
    let made = 0
    const make = () =>
      store.once({
        kind: 'data',
        from: { seed: 1 },
        fill: async folder => {
          made++
          await fill('items')(folder)
        },
      })
    const first = await make()
    assert.deepEqual(await make(), first)
    assert.equal(made, 1)
    assert.equal(store.json(first, 'data.json'), 'items')
  })

  it('keeps one output of two makers at once', async () => {
    const store = new Store(home)
    const makers = [1, 2, 3].map(() => store.once({ kind: 'data', from: { seed: 1 }, fill: fill('items') }))
    const [first, ...others] = await Promise.all(makers)
    for (const other of others) assert.deepEqual(other, first)
    assert.equal(readdirSync(join(home, 'store', 'data')).length, 1, 'no temporary folder is left')
  })

  it('refuses to read what was changed, sets it aside and makes it again', async () => {
    const store = new Store(home)
    const options = { kind: 'data', from: { seed: 1 }, fill: fill('items') }
    const ref = await store.once(options)
    writeFileSync(join(store.path(ref), 'data.json'), '"itens"')
    assert.throws(() => store.json(ref, 'data.json'), isKind('ArtifactDamaged'))
    assert.deepEqual(await store.once(options), ref)
    assert.equal(store.json(ref, 'data.json'), 'items')
    assert.ok(existsSync(`${store.path(ref)}.damaged-1`))
  })

  it('leaves nothing behind when the making fails', async () => {
    const store = new Store(home)
    const failing = store.once({ kind: 'data', from: 1, fill: () => Promise.reject(new Error('no')) })
    await assert.rejects(failing, /no/)
    assert.deepEqual(readdirSync(join(home, 'store', 'data')), [])
  })
})

describe('a file', () => {
  it('that may not be committed any more leaves nothing, old or new', () => {
    const refuse = () => {
      throw new Error('lost')
    }
    const path = join(home, 'a.json')
    assert.throws(() => writeOnce(path, 'late', { mayCommit: refuse }), /lost/)
    assert.throws(() => writeWhole(path, 'late', { mayCommit: refuse }), /lost/)
    assert.deepEqual(readdirSync(home), [])
    writeWhole(path, 'in time')
    assert.throws(() => writeWhole(path, 'late', { mayCommit: refuse }), /lost/)
    assert.equal(readFileSync(path, 'utf8'), 'in time')
    assert.deepEqual(readdirSync(home), ['a.json'])
  })
})

describe('the name of a run', () => {
  it('cannot leave the home', () => {
    for (const id of ['..', '../x', 'a/../../b', '/etc', 'a//b', '', 'a/', 'a\0b', '.hidden', 'a\\..\\b']) {
      assert.throws(() => runFolder(home, id), isKind('CallInvalid'), JSON.stringify(id))
    }
    assert.equal(runFolder(home, 'sweep/arm/seed-1'), join(home, 'runs', 'sweep', 'arm', 'seed-1'))
  })
})
