/** Homes, their locks and ports, and what is told where set-up has not been run. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readRecord, workflowPage, writeRecord } from '../../../activities/machine/services-record.js'
import { takeDown } from '../../../commands/services/down.js'
import { logFile, openHome } from '../../../commands/services/home.js'
import { withLock } from '../../../commands/services/lock.js'
import { externalMlflow } from '../../../commands/services/mlflow.js'
import { claimPort, portIsFree } from '../../../commands/services/ports.js'
import { partsFile, programOf } from '../../../commands/services/project.js'
import { serviceStates } from '../../../commands/services/state.js'
import { externalTemporal, type TemporalService } from '../../../commands/services/temporal.js'
import { lockFile } from '../../../commands/services/up.js'
import { workerNames } from '../../../commands/services/workers.js'
import { RlevError } from '../../../pipelines/errors.js'

let folder = ''
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'rlev-home-'))
  delete process.env['TEMPORAL_ADDRESS']
  delete process.env['MLFLOW_TRACKING_URI']
})
after(() => rmSync(folder, { recursive: true, force: true }))

const ofKind = (kind: string) => (error: unknown) => error instanceof RlevError && error.kind === kind

describe('a home', () => {
  it('is named by the option, else by RLEV_HOME, else .rlev', () => {
    const before = process.env['RLEV_HOME']
    process.env['RLEV_HOME'] = join(folder, 'named')
    assert.equal(openHome(join(folder, 'option')).path, join(folder, 'option'))
    assert.equal(openHome().path, join(folder, 'named'))
    delete process.env['RLEV_HOME']
    assert.equal(openHome().path, resolve('.rlev'))
    if (before !== undefined) process.env['RLEV_HOME'] = before
  })

  it('is not made by being opened, looked at or taken down', async () => {
    const home = openHome(join(folder, 'absent'))
    assert.deepEqual(
      (await serviceStates(home)).map(({ name, state }) => [name, state]),
      ['temporal', 'mlflow', ...workerNames()].map(name => [name, 'stopped']),
    )
    assert.deepEqual(await takeDown(home), [])
    assert.equal(existsSync(home.path), false)
  })

  it('whose record was damaged is refused with the file named', () => {
    const path = join(folder, 'damaged')
    mkdirSync(path)
    writeFileSync(join(path, 'services.json'), '{"ports": ')
    assert.throws(() => openHome(path), ofKind('ServiceUnavailable'))
  })

  it('with the record of processes from before a reboot has nothing to end and forgets them', async () => {
    const home = { path: join(folder, 'rebooted') }
    const gone = { pid: process.pid, started: 'the boot before 77', log: join(folder, 'log'), logStart: 0 }
    writeRecord(home, { ports: { temporal: 20_001 }, processes: { temporal: gone, policy: gone } })
    assert.deepEqual(await takeDown(home), [])
    assert.deepEqual(readRecord(home), { ports: { temporal: 20_001 }, processes: {} })
  })
})

describe('what is of one machine', () => {
  it('lies in the folder that RLEV_STATE names, by the id of the home, and is taken over from the home once', async () => {
    const home = { path: join(folder, 'shared') }
    writeRecord(home, { ports: { temporal: 20_001 }, processes: {} })
    writeFileSync(join(home.path, 'home-id'), '1a2b3c4d')
    process.env['RLEV_STATE'] = join(folder, 'state')
    try {
      assert.deepEqual(readRecord(home), { ports: { temporal: 20_001 }, processes: {} })
      assert.equal(existsSync(join(home.path, 'services.json')), false)
      writeRecord(home, { ports: { temporal: 20_002 }, processes: {} })
      assert.ok(existsSync(join(folder, 'state', '1a2b3c4d', 'services.json')))
      assert.equal(logFile(home, 'policy'), join(folder, 'state', '1a2b3c4d', 'logs', 'policy.log'))
      assert.equal(lockFile(home), join(folder, 'state', '1a2b3c4d', 'up.lock'))
      process.env['RLEV_STATE'] = join(folder, 'other machine')
      assert.deepEqual(readRecord(home), { ports: {}, processes: {} })
    } finally {
      delete process.env['RLEV_STATE']
    }
  })
})

describe('a lock', () => {
  it('lets one at a time through', async () => {
    const file = join(folder, 'one.lock')
    let inside = 0
    const work = async () => {
      inside += 1
      assert.equal(inside, 1)
      await new Promise(settle => setTimeout(settle, 20))
      inside -= 1
    }
    await Promise.all(Array.from({ length: 5 }, () => withLock({ file, timeoutMs: 20_000 }, work)))
    assert.equal(existsSync(file), false)
  })

  it('left by a process that died, or by another one with its pid, is taken over', async () => {
    const file = join(folder, 'left.lock')
    writeFileSync(file, JSON.stringify({ pid: process.pid, started: 'the boot before 77' }))
    assert.equal(await withLock({ file, timeoutMs: 1_000 }, async () => 'through'), 'through')
  })

  it('held for too long names the holder', async () => {
    const file = join(folder, 'held.lock')
    await withLock({ file, timeoutMs: 1_000 }, async () => {
      const second = withLock({ file, timeoutMs: 150 }, async () => 'through')
      await assert.rejects(
        second,
        (error: unknown) => ofKind('ServiceUnavailable')(error) && `${error}`.includes(`${process.pid}`),
      )
    })
  })
})

describe('a port', () => {
  it('is kept while it is free and replaced while it is taken', async () => {
    const port = await claimPort(undefined)
    assert.equal(await claimPort(port), port)
    const server = createServer()
    await new Promise<void>(settle => server.listen(port, '127.0.0.1', settle))
    assert.equal(await portIsFree(port), false)
    assert.notEqual(await claimPort(port), port)
    server.close()
  })
})

describe('servers that the environment names', () => {
  it('are taken from TEMPORAL_ADDRESS and MLFLOW_TRACKING_URI', () => {
    process.env['TEMPORAL_ADDRESS'] = 'temporal.example:7233'
    process.env['MLFLOW_TRACKING_URI'] = 'https://mlflow.example/'
    try {
      assert.equal(externalTemporal()?.address, 'temporal.example:7233')
      assert.equal(workflowPage({ temporal: externalTemporal() as TemporalService }, 'exam@1'), undefined)
      process.env['TEMPORAL_UI_ADDRESS'] = 'https://temporal.example/'
      const page = workflowPage({ temporal: externalTemporal() as TemporalService }, 'exam@1')
      assert.equal(page, 'https://temporal.example/namespaces/default/workflows/exam%401')
      assert.deepEqual(externalMlflow(), { url: 'https://mlflow.example' })
      process.env['MLFLOW_TRACKING_URI'] = 'sqlite:///mlflow.db'
      assert.throws(externalMlflow, ofKind('CallInvalid'))
    } finally {
      delete process.env['TEMPORAL_ADDRESS']
      delete process.env['TEMPORAL_UI_ADDRESS']
      delete process.env['MLFLOW_TRACKING_URI']
    }
  })
})

describe('a part that set-up has not made', () => {
  it('is told with its name, its place and how to get it', () => {
    assert.throws(
      () => programOf('temporal', folder),
      (error: unknown) =>
        ofKind('PartMissing')(error) && /Temporal command-line program[\s\S]*npm run setup/.test(`${error}`),
    )
  })

  it('or that is gone since, is told with the path where it was', () => {
    const was = join(folder, 'gone', 'bin', 'mlflow')
    mkdirSync(join(partsFile(folder), '..'), { recursive: true })
    writeFileSync(partsFile(folder), JSON.stringify({ mlflow: { command: was } }))
    assert.throws(
      () => programOf('mlflow', folder),
      (error: unknown) =>
        ofKind('PartMissing')(error) && `${error}`.includes(was) && /no longer there/.test(`${error}`),
    )
  })

  it('or that lies in a cache of another user, is told as that, and not as gone', () => {
    const closed = join(folder, 'closed')
    const program = join(closed, 'bin', 'mlflow')
    mkdirSync(join(closed, 'bin'), { recursive: true })
    writeFileSync(program, '', { mode: 0o755 })
    writeFileSync(partsFile(folder), JSON.stringify({ cache: closed, mlflow: { command: program } }))
    assert.equal(programOf('mlflow', folder), program)
    // Root reads everything, so that as root the look is taken under another user's rights.
    const isRoot = process.getuid?.() === 0
    for (const path of [folder, join(folder, 'node_modules'), join(folder, 'node_modules', '.rlev')])
      chmodSync(path, 0o755)
    chmodSync(closed, isRoot ? 0o700 : 0)
    if (isRoot) process.seteuid?.(65_534)
    try {
      assert.throws(
        () => programOf('mlflow', folder),
        (error: unknown) =>
          ofKind('PartMissing')(error) &&
          /may not read MLflow/.test(`${error}`) &&
          `${error}`.includes(`a+rX ${closed}`),
      )
    } finally {
      if (isRoot) process.seteuid?.(0)
      chmodSync(closed, 0o755)
    }
  })
})
