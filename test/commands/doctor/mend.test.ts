/** What doctor mends in a home whose processes are dead, and what it leaves alone. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { readRecord, writeRecord } from '../../../activities/machine/services-record.js'
import { temporaryBeside } from '../../../activities/store/temporary-names.js'
import { mendHome } from '../../../commands/doctor/mend.js'
import { processStart } from '../../../commands/services/identity.mjs'

let home: { path: string }
beforeEach(() => {
  delete process.env['TEMPORAL_ADDRESS']
  delete process.env['MLFLOW_TRACKING_URI']
  home = { path: mkdtempSync(join(tmpdir(), 'rlev-mend-')) }
})
afterEach(() => rmSync(home.path, { recursive: true, force: true }))

const deadPid = () => spawnSync(process.execPath, ['--version']).pid
const tenMinutesAgo = () => Date.now() / 1000 - 600

function unfinished(under: string, name: (own: string) => string, { age = tenMinutesAgo() } = {}): string {
  const folder = join(home.path, under)
  mkdirSync(folder, { recursive: true })
  const path = join(folder, name(basename(temporaryBeside(join(folder, 'step-000002')))))
  writeFileSync(path, 'half')
  utimesSync(path, age, age)
  return path
}

const ofDead = (own: string) => own.replace(`-${process.pid}-`, `-${deadPid()}-`)

describe('what is surely of nobody', () => {
  it('is removed and said: unfinished files under runs and store, whose maker is dead', async () => {
    const places = [unfinished('runs/a/checkpoints', ofDead), unfinished('store/data', ofDead), unfinished('.', ofDead)]
    const mendings = await mendHome(home, { mend: true })
    assert.deepEqual(
      mendings.map(({ done, place }) => [done, place]).sort(),
      places.map(place => ['mended', place]).sort(),
    )
    for (const place of places) assert.ok(!existsSync(place))
  })

  it('is also what was made before this boot', async () => {
    const boot = /([0-9a-f]{6})(?=-\d+-[0-9a-f]{8}$)/
    const place = unfinished('runs/a', own => own.replace(boot, '000000'))
    await mendHome(home, { mend: true })
    assert.ok(!existsSync(place))
  })

  it('is only told by a dry run', async () => {
    const place = unfinished('runs/a', ofDead)
    const [mending, ...others] = await mendHome(home, { mend: false })
    assert.deepEqual([mending?.done, mending?.place, others], ['would', place, []])
    assert.ok(existsSync(place))
  })

  it('is a record of a dead process; that of a living one stays', async () => {
    const alive = { pid: process.pid, started: processStart(process.pid) ?? '', log: 'log', logStart: 0 }
    const dead = { ...alive, pid: deadPid() }
    const recycled = { ...alive, started: 'the boot before 77' }
    writeRecord(home, { ports: { mlflow: 20_001 }, processes: { temporal: alive, mlflow: dead, policy: recycled } })
    const mendings = await mendHome(home, { mend: true })
    assert.equal(mendings.length, 2)
    assert.deepEqual(readRecord(home), { ports: { mlflow: 20_001 }, processes: { temporal: alive } })
  })

  it('is the lock of a dead holder, and what a dead process left beside lock and record', async () => {
    const pid = deadPid()
    const lock = join(home.path, 'up.lock')
    writeFileSync(lock, JSON.stringify({ pid, started: 'then' }))
    writeFileSync(`${lock}.0123456789abcdef`, JSON.stringify({ pid, started: 'then' }))
    utimesSync(`${lock}.0123456789abcdef`, tenMinutesAgo(), tenMinutesAgo())
    const beside = [`up.lock.${pid}.0`, `.services.${pid}.json`].map(name => join(home.path, name))
    for (const path of beside) {
      writeFileSync(path, '')
      utimesSync(path, tenMinutesAgo(), tenMinutesAgo())
    }
    await mendHome(home, { mend: true })
    assert.deepEqual(readdirSync(home.path), [])
  })
})

describe('what somebody may hold', () => {
  it('is left: files of a living process, and those that changed a moment ago', async () => {
    const places = [unfinished('runs/a', own => own), unfinished('runs/a', ofDead, { age: Date.now() / 1000 })]
    assert.deepEqual(await mendHome(home, { mend: true }), [])
    for (const place of places) assert.ok(existsSync(place))
  })

  it('is left and told where it was made on another machine, until its maker must have given up', async () => {
    const elsewhere = (own: string) => own.replace(/-[0-9a-f]{6}([0-9a-f]{6}-\d+-[0-9a-f]{8})$/, '-000000$1')
    const young = unfinished('runs/a', elsewhere)
    const old = unfinished('runs/a', elsewhere, { age: Date.now() / 1000 - 8 * 24 * 3600 })
    const mendings = await mendHome(home, { mend: true })
    assert.deepEqual(
      new Map(mendings.map(({ place, done }) => [place, done])),
      new Map([
        [young, 'left'],
        [old, 'mended'],
      ]),
    )
    assert.deepEqual([existsSync(young), existsSync(old)], [true, false])
  })

  it('are records while another command starts or ends services: that is told', async () => {
    writeRecord(home, {
      ports: {},
      processes: { policy: { pid: deadPid(), started: 'then', log: 'log', logStart: 0 } },
    })
    const lock = join(home.path, 'up.lock')
    writeFileSync(lock, JSON.stringify({ pid: process.pid, started: processStart(process.pid) }))
    const mendings = await mendHome(home, { mend: true })
    assert.deepEqual(
      mendings.map(({ done, place }) => [done, place]),
      [['left', lock]],
    )
    assert.ok(readRecord(home).processes.policy)
  })

  it('is the lock of a living holder, and anything behind a link', async () => {
    const lock = join(home.path, 'up.lock')
    writeFileSync(lock, JSON.stringify({ pid: process.pid, started: processStart(process.pid) }))
    const outside = mkdtempSync(join(tmpdir(), 'rlev-mend-outside-'))
    const inside = unfinished('runs/a', ofDead)
    const linked = join(outside, basename(inside))
    writeFileSync(linked, 'half')
    utimesSync(linked, tenMinutesAgo(), tenMinutesAgo())
    symlinkSync(outside, join(dirname(inside), 'link'))
    await mendHome(home, { mend: true })
    assert.deepEqual([existsSync(lock), existsSync(inside), existsSync(linked)], [true, false, true])
    rmSync(outside, { recursive: true })
  })

  it('is a home that is not there: it is not made', async () => {
    rmSync(home.path, { recursive: true })
    assert.deepEqual(await mendHome(home, { mend: true }), [])
    assert.ok(!existsSync(home.path))
  })
})
