/** Two homes with real Temporal and MLflow servers: up, again up, crashes, down. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { readRecord, type Services, writeRecord } from '../../../activities/machine/services-record.js'
import { takeDown } from '../../../commands/services/down.js'
import type { Home } from '../../../commands/services/home.js'
import { openHome } from '../../../commands/services/home.js'
import { processStart } from '../../../commands/services/identity.mjs'
import { buildFolder } from '../../../commands/services/project.js'
import { serviceStates } from '../../../commands/services/state.js'
import { attributeTypes, temporalAnswers } from '../../../commands/services/temporal.js'
import { ensureUp, upForRuns } from '../../../commands/services/up.js'

const quiet = { report: () => {}, only: 'servers' as const }
const states = async (home: Home) => (await serviceStates(home)).map(({ state }) => state).slice(0, 2)

describe('two homes side by side', () => {
  let folder = ''
  let first: Home
  let second: Home
  let services: [Services, Services]

  before(async () => {
    delete process.env['TEMPORAL_ADDRESS']
    delete process.env['MLFLOW_TRACKING_URI']
    folder = mkdtempSync(join(tmpdir(), 'rlev services ü-'))
    first = openHome(join(folder, 'first'))
    second = openHome(join(folder, 'second'))
    services = await Promise.all([ensureUp(first, quiet), ensureUp(second, quiet)])
  })

  after(async () => {
    await Promise.all([takeDown(first), takeDown(second)])
    rmSync(folder, { recursive: true, force: true })
  })

  it('answer at separate addresses', async () => {
    const [a, b] = services
    assert.notEqual(a.temporal.address, b.temporal.address)
    assert.notEqual(a.mlflow.url, b.mlflow.url)
    assert.deepEqual([await states(first), await states(second)], Array(2).fill(['running', 'running']))
    const page = await fetch(a.temporal.uiUrl ?? '')
    assert.equal(page.status, 200)
  })

  it('have the search attributes that make the list of workflows a table of experiments', async () => {
    const connection = await Connection.connect({ address: services[0].temporal.address })
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' })
    for (const name of Object.keys(attributeTypes)) assert.ok(Object.hasOwn(customAttributes ?? {}, name), name)
    await connection.close()
  })

  it('are left as they are by another up', async () => {
    assert.deepEqual(await ensureUp(openHome(first.path), quiet), services[0])
  })

  it('start one server each when two commands call up at once', async () => {
    const [one, other] = await Promise.all([
      ensureUp(openHome(first.path), quiet),
      ensureUp(openHome(first.path), quiet),
    ])
    assert.deepEqual(one, other)
  })

  it('use a server that the environment names, and neither start nor end it', async () => {
    const third = openHome(join(folder, 'third'))
    process.env['TEMPORAL_ADDRESS'] = services[1].temporal.address
    process.env['MLFLOW_TRACKING_URI'] = services[1].mlflow.url
    try {
      const { temporal, mlflow } = await ensureUp(third, quiet)
      assert.deepEqual([temporal.address, temporal.pid], [services[1].temporal.address, undefined])
      assert.deepEqual(mlflow, { url: services[1].mlflow.url })
      assert.deepEqual(await takeDown(third), [])
    } finally {
      delete process.env['TEMPORAL_ADDRESS']
      delete process.env['MLFLOW_TRACKING_URI']
    }
    assert.deepEqual(await states(second), ['running', 'running'])
  })

  it('bring back a server that crashed, at the same address and with its data', async () => {
    const { address, pid = 0 } = services[0].temporal
    const before = await Connection.connect({ address })
    await new Client({ connection: before }).workflow.start('nobody', {
      taskQueue: 'none',
      workflowId: 'kept',
      args: [],
    })
    await before.close()
    process.kill(pid, 'SIGKILL')
    const again = await ensureUp(first, quiet)
    assert.equal(again.temporal.address, address)
    assert.notEqual(again.temporal.pid, pid)
    assert.equal(again.mlflow.pid, services[0].mlflow.pid)
    const connection = await Connection.connect({ address })
    const description = await new Client({ connection }).workflow.getHandle('kept').describe()
    assert.equal(description.status.name, 'RUNNING')
    await connection.close()
  })

  it('bring back a server that ends while it is waited for, as one does that was killed a moment ago', async () => {
    const { temporal: before } = await ensureUp(first, quiet)
    const { pid = 0 } = before
    process.kill(pid, 'SIGSTOP')
    const up = ensureUp(first, quiet)
    await sleep(1_000)
    process.kill(pid, 'SIGKILL')
    const { temporal: again } = await up
    assert.notEqual(again.pid, pid)
    assert.equal(again.address, before.address)
    assert.ok(await temporalAnswers(again))
  })

  it('are ended one at a time, exactly the processes that up started', async () => {
    const ended = await takeDown(first)
    assert.deepEqual(ended.map(({ name }) => name).sort(), ['mlflow', 'temporal'])
    for (const { pid } of ended) assert.equal(processStart(pid), undefined)
    assert.deepEqual(
      [await states(first), await states(second)],
      [
        ['stopped', 'stopped'],
        ['running', 'running'],
      ],
    )
    assert.deepEqual(await takeDown(first), [])
  })

  it('are there for runs before MLflow answers, which is waited for apart', async () => {
    const lines: string[] = []
    const { whole } = await upForRuns(first, { only: 'servers', report: line => lines.push(line) })
    const said = (pattern: RegExp) => lines.some(line => pattern.test(line))
    assert.ok(said(/^the Temporal server answers/))
    assert.ok(!said(/^the MLflow server answers/), lines.join('\n'))
    assert.match(first.services?.mlflow.url ?? '', /^http:/)
    await whole
    assert.ok(said(/^the MLflow server answers/))
    await takeDown(first)
  })

  it('come up after a reboot, even if other processes have the old pids now', async () => {
    const stale = { pid: process.pid, started: 'the boot before 1', log: join(folder, 'x.log'), logStart: 0 }
    const { ports } = readRecord(first)
    writeRecord(first, { ports, processes: { temporal: stale, mlflow: stale } })
    const again = await ensureUp(first, quiet)
    assert.notEqual(again.temporal.pid, process.pid)
    assert.equal(again.temporal.address, services[0].temporal.address)
    await takeDown(first)
  })

  it('are ended also where up was killed half-way', async () => {
    const home = openHome(join(folder, 'half'))
    const code = `
      const { ensureUp } = await import(process.argv[1]);
      await ensureUp({ path: process.argv[2] }, { only: 'servers', report: line => console.log(line) })`
    const module = new URL(`file://${join(buildFolder, 'commands', 'services', 'up.js')}`).href
    const child = spawn(process.execPath, ['--input-type=module', '-e', code, module, home.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise<void>(settle => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (text.includes('starting the MLflow server')) setTimeout(settle, 500)
      })
    })
    child.kill('SIGKILL')
    const started = Object.values(readRecord(home).processes).map(({ pid }) => pid)
    assert.equal(started.length, 2)
    const ended = await takeDown(home)
    assert.deepEqual(ended.map(({ pid }) => pid).sort(), started.sort())
    assert.equal(
      await temporalAnswers({ address: `127.0.0.1:${readRecord(home).ports.temporal}`, namespace: 'default' }),
      false,
    )
  })
})
