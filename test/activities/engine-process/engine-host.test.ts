/** A policy worker's engine process: real processes, with fail points for what an activity does in them. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { EngineHost } from '../../../activities/engine-process/engine-host.js'
import { failPointVariable } from '../../../activities/fail-points/fail-point.js'
import { codeOfThisProcess } from '../../../activities/machine/code.js'
import { beginProvenance, claimEngine } from '../../../activities/store/runs/provenance.js'
import { keepConfig } from '../../../activities/store/runs/runs.js'
import type { TrainingInput } from '../../../activities/training/training.js'
import { experimentSchema } from '../../../pipelines/config/schema.js'

const home = mkdtempSync(join(tmpdir(), 'rlev-engine-'))
const hosts: EngineHost[] = []
/** One to which nothing happens that it does not outlive. */
let calm: EngineHost
before(() => {
  calm = hostThat('')
  hosts.splice(0)
})
after(() => {
  calm.end()
  rmSync(home, { recursive: true, force: true })
})
afterEach(() => {
  for (const host of hosts.splice(0)) host.end()
})

/** A host whose process meets a fail point at the beginning of its first activity. */
function hostThat(action: string, silenceLimitMs = 60_000, countOomKills = () => 0): EngineHost {
  process.env[failPointVariable] = action === '' ? '' : `activity.before:1:${action}`
  const host = new EngineHost({ home, silenceLimitMs, countOomKills })
  host.start()
  process.env[failPointVariable] = ''
  hosts.push(host)
  return host
}

/** The activity of a run that is not there: it fails as soon as it looks for it. */
function train(host: EngineHost, environment = new MockActivityEnvironment({ attempt: 1 })): Promise<unknown> {
  const input = { run: 'missing', from: 0, to: 1 } as TrainingInput & { from: number; to: number }
  return environment.run(host.activities().trainSteps, input)
}

const failure = (type: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ApplicationFailure, String(error))
  assert.equal(error.type, type)
  assert.match(error.message, message)
  return true
}

test('an error keeps its kind, its text and whether it may be retried', async () => {
  await assert.rejects(train(calm), error => {
    assert.ok(failure('NotFound', /missing\/config\.json: the experiment has no stored config/)(error))
    return (error as ApplicationFailure).nonRetryable === true
  })
})

test('the process has the threads of the run, and stays while they do', async () => {
  const threadsOf = (host: EngineHost) =>
    /TF_NUM_INTRAOP_THREADS=(\d+)/.exec(readFileSync(`/proc/${host.pid}/environ`, 'utf8'))?.[1]
  const keep = (name: string, engine: object) => keepConfig(home, name, experimentSchema.parse({ name, engine }))
  keep('wide', { threads: 3 })
  keep('narrow', {})
  keep('begun', {})
  beginProvenance(home, 'begun', codeOfThisProcess())
  claimEngine(home, 'begun', 'TensorFlow 2.21.0 on the processor, Node 20, 2 threads; AMD')
  const host = new EngineHost({ home, env: { TF_NUM_INTRAOP_THREADS: '1' } })
  hosts.push(host)
  const [found, pids]: [(string | undefined)[], Set<number | undefined>] = [[], new Set()]
  for (const run of ['narrow', 'narrow', 'begun', 'wide', 'wide', 'narrow']) {
    // It ends with an error: the run has no data. Its process is there all the same.
    const input = { run, from: 0, to: 1 } as TrainingInput & { from: number; to: number }
    await assert.rejects(new MockActivityEnvironment({ attempt: 1 }).run(host.activities().trainSteps, input))
    found.push(threadsOf(host))
    pids.add(host.pid)
  }
  assert.deepEqual(found, ['1', '1', '2', '3', '3', '1'])
  assert.equal(pids.size, 4)
})

test('heartbeats leave every second while the process is blocked', async () => {
  const environment = new MockActivityEnvironment()
  let beats = 0
  environment.on('heartbeat', () => beats++)
  await assert.rejects(train(hostThat('stall=5'), environment), failure('NotFound', /missing/))
  assert.ok(beats >= 4, `${beats} heartbeats`)
})

test('a blocked process is ended within five seconds of a cancellation, and the next activity has another one', async () => {
  const host = hostThat('stall=60')
  const environment = new MockActivityEnvironment()
  const before = host.pid
  const cancelled = assert.rejects(train(host, environment), CancelledFailure)
  await sleep(2_000)
  const began = performance.now()
  environment.cancel()
  await cancelled
  assert.ok(performance.now() - began < 5_000)
  await assert.rejects(train(host), failure('NotFound', /missing/))
  assert.notEqual(host.pid, before)
})

test('a process that hangs is ended, and the failure says so', async () => {
  const host = hostThat('stall=60', 2_000)
  const began = performance.now()
  await assert.rejects(train(host), failure('EngineEnded', /hung and was ended[\s\S]*within 2 s/))
  assert.ok(performance.now() - began < 20_000)
})

test('a process outlives the SIGTERM that ends its group: its worker says when it ends', async () => {
  await assert.rejects(train(calm), failure('NotFound', /missing/))
  const { pid = 0 } = calm
  process.kill(pid, 'SIGTERM')
  await sleep(1_000)
  await assert.rejects(train(calm), failure('NotFound', /missing/))
  assert.equal(calm.pid, pid)
})

test('a process that crashes fails the activity, which may be tried again, and is replaced', async () => {
  const host = hostThat('crash')
  await assert.rejects(train(host), error => {
    assert.ok(failure('EngineEnded', /ended before its activity did[\s\S]*signal SIGKILL/)(error))
    return (error as ApplicationFailure).nonRetryable === false
  })
  await assert.rejects(train(host), failure('NotFound', /missing/))
})

test('a process that is killed because memory ran out fails the activity, which is tried again a few times only', async () => {
  for (const attempt of [4, 5]) {
    let kills = 7
    const host = hostThat('stall=5', 60_000, () => kills)
    const outcome = train(host, new MockActivityEnvironment({ attempt }))
    await sleep(500)
    kills++
    process.kill(host.pid ?? 0, 'SIGKILL')
    await assert.rejects(outcome, error => {
      assert.ok(failure('OutOfMemory', /memory ran out[\s\S]*rollout.chunk/)(error))
      return (error as ApplicationFailure).nonRetryable === (attempt === 5)
    })
  }
})
