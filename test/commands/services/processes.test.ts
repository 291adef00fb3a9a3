/** Processes are known by pid and start; only what is certainly ours is ended. Real processes throughout. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessRecord } from '../../../activities/machine/services-record.js'
import { membersOf, processStart } from '../../../commands/services/identity.mjs'
import { endProcess, isAlive, openingOf, outputOf, startDetached } from '../../../commands/services/processes.js'
import { waitUntilReady } from '../../../commands/services/ready.js'
import { awaitWorker } from '../../../commands/services/workers.js'
import { RlevError } from '../../../pipelines/errors.js'

let folder = ''
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'rlev-processes-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
const script = (code: string): Promise<ProcessRecord> =>
  startDetached({ command: process.execPath, args: ['-e', code], log: join(folder, `${count++}.log`), cwd: folder })

const written = async (record: ProcessRecord, text: string): Promise<void> => {
  for (let round = 0; round < 200 && !outputOf(record).includes(text); round++) await sleep(25)
  assert.ok(outputOf(record).includes(text), `expected ${text} in ${outputOf(record)}`)
}

const forEver = 'setInterval(() => {}, 1000); '

describe('a process with a long log', () => {
  const lines = 50_000
  const talk = `console.log('rlev worker ready: rlev-gpu'); for (let i = 0; i < ${lines}; i++) console.log('line ' + i + '.'.repeat(50)); `
  let record: ProcessRecord
  before(async () => {
    record = await script(talk + forEver)
    await written(record, `line ${lines - 1}`)
  })
  after(() => endProcess(record, { timeoutMs: 5_000 }))

  it('is read from its two ends', () => {
    assert.match(openingOf(record, 100), /^rlev worker ready: rlev-gpu\nline 0\./)
    const end = outputOf(record, 1_000)
    assert.equal(end.length, 1_000)
    assert.ok(end.endsWith(`line ${lines - 1}${'.'.repeat(50)}\n`))
  })

  it('is a worker that is ready, though that was long ago', async () => {
    await Promise.race([
      awaitWorker(record, 'policy'),
      sleep(2_000, undefined, { ref: false }).then(() => assert.fail('it was waited for')),
    ])
  })
})

describe('a started process', () => {
  it('leads its own group, outlives only us, and is ended by its record', async () => {
    const record = await script(forEver)
    assert.equal(isAlive(record), true)
    assert.deepEqual(membersOf(record.pid), [record.pid])
    assert.equal(await endProcess(record, { timeoutMs: 5_000 }), true)
    assert.equal(isAlive(record), false)
    assert.equal(await endProcess(record, { timeoutMs: 5_000 }), false)
  })

  it('is ended with SIGKILL when it does not heed SIGTERM', async () => {
    const record = await script(`process.on('SIGTERM', () => console.log('no')); ${forEver} console.log('up')`)
    await written(record, 'up')
    await endProcess(record, { timeoutMs: 300 })
    assert.equal(isAlive(record), false)
    assert.match(outputOf(record), /no/)
  })

  it('is ended together with the processes it started', async () => {
    const record = await script(
      `${forEver} const c = require('child_process').spawn(process.execPath, ['-e', '${forEver}']); console.log('child ' + c.pid)`,
    )
    await written(record, 'child')
    const child = Number(/child (\d+)/.exec(outputOf(record))?.[1])
    assert.deepEqual(membersOf(record.pid).sort(), [record.pid, child].sort())
    await endProcess(record, { timeoutMs: 5_000 })
    assert.equal(processStart(child), undefined)
  })

  it('leaves no orphans of its group when it has crashed before', { skip: process.platform !== 'linux' }, async () => {
    const record = await script(
      `const c = require('child_process').spawn(process.execPath, ['-e', '${forEver}']); console.log('child ' + c.pid); setTimeout(() => process.exit(1), 200)`,
    )
    await written(record, 'child')
    for (let round = 0; round < 200 && isAlive(record); round++) await sleep(25)
    assert.equal(isAlive(record), false)
    assert.equal(membersOf(record.pid).length, 1)
    assert.equal(await endProcess(record, { timeoutMs: 5_000 }), true)
    assert.equal(membersOf(record.pid).length, 0)
  })

  it('has its output apart from what the log held before', async () => {
    const log = join(folder, 'shared.log')
    const start = (word: string) =>
      startDetached({ command: process.execPath, args: ['-e', `console.log('${word}')`], log, cwd: folder })
    await written(await start('first'), 'first')
    const second = await start('second')
    await written(second, 'second')
    assert.equal(outputOf(second), 'second\n')
    assert.equal(readFileSync(log, 'utf8'), 'first\nsecond\n')
  })

  it('that cannot be started is a missing part', async () => {
    const start = startDetached({ command: join(folder, 'nothing'), args: [], log: join(folder, 'n.log'), cwd: folder })
    await assert.rejects(start, (error: unknown) => error instanceof RlevError && error.kind === 'PartMissing')
  })

  it('that ends before it is ready is told with its last lines', async () => {
    const record = await script("console.error('the disk is full'); process.exit(3)")
    const wait = waitUntilReady({ name: 'the server', record, isReady: async () => false, timeoutMs: 10_000 })
    await assert.rejects(wait, /the server ended before it was ready[\s\S]*the disk is full/)
  })
})

describe('a recycled pid', () => {
  it('is not taken for ours, and never ended', async () => {
    const stranger = spawn(process.execPath, ['-e', forEver], { detached: true, stdio: 'ignore' })
    await once(stranger, 'spawn')
    const pid = stranger.pid ?? 0
    const record: ProcessRecord = { pid, started: 'another boot 12345', log: join(folder, 'x.log'), logStart: 0 }
    assert.equal(isAlive(record), false)
    assert.equal(await endProcess(record, { timeoutMs: 100 }), false)
    assert.notEqual(processStart(pid), undefined)
    stranger.kill('SIGKILL')
    await once(stranger, 'exit')
  })

  it('of this process gives another start than a child of it', async () => {
    const record = await script(forEver)
    assert.notEqual(processStart(process.pid), processStart(record.pid))
    assert.equal(processStart(process.pid), processStart(process.pid))
    await endProcess(record, { timeoutMs: 5_000 })
  })

  it('of nobody has no start', () => {
    assert.equal(processStart(2 ** 22 + 1), undefined)
    assert.equal(processStart(0), undefined)
    assert.equal(processStart(-1), undefined)
  })
})
