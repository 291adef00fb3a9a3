/**
 * Workers that are killed while they hold an activity. Its heartbeat timeout is ten minutes, for which nobody waits in this test: a worker
 * that lives, or that is started next, gives the activity back.
 */
import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import proto from '@temporalio/proto'
import type { ProcessRecord } from '../../../activities/machine/services-record.js'
import { namesIn } from '../../../activities/store/files.js'
import { isAlive } from '../../../commands/services/processes.js'
import { holdersFolder } from '../../../commands/worker/held-attempts.js'
import type { TestServices } from '../../services.js'
import { type AtWork, type Handle, startAtWork, until } from '../../workflows/at-work.js'
import { longTraining } from '../../workflows/tiny.js'

const steps = 300
const long = (name: string) => longTraining(name, { steps, heartbeatTimeout: 600 })

const started = proto.temporal.api.enums.v1.PendingActivityState.PENDING_ACTIVITY_STATE_STARTED

let services: TestServices
let orchestrator: ProcessRecord
let policyWorker: ProcessRecord
let work: AtWork
let expected: string | null

before(async () => {
  ;({ services, orchestrator, policyWorker, work } = await startAtWork())
  expected = (await work.run(long('undisturbed'))).weights
  assert.ok(expected)
})
after(() => services?.stop())

async function inTraining(name: string): Promise<Handle> {
  const handle = await work.start(long(name))
  await until('the third step', () => work.journaled(name) >= 3)
  return handle
}

async function goesOn(name: string): Promise<void> {
  const journaled = work.journaled(name)
  assert.ok(journaled < steps, 'there is still something to train')
  await until('the next steps', () => work.journaled(name) > journaled + 1)
}

const holders = () => namesIn(holdersFolder(services.path)).filter(name => name.endsWith('.json'))

test('the activity of a policy worker that was killed goes to the other one, which nobody had to start', async () => {
  const handle = await inTraining('taken-over')
  const second = await services.startWorker('policy-2')
  assert.equal(holders().length, 3)
  for (const name of holders()) assert.equal(statSync(join(holdersFolder(services.path), name)).mode & 0o777, 0o600)
  await services.kill(policyWorker)
  await goesOn('taken-over')
  assert.equal(holders().length, 2, 'what the dead one noted is gone')
  assert.equal((await handle.result()).weights, expected)
  policyWorker = second
})

test('if all workers were killed, the next ones find what these held', async () => {
  const handle = await inTraining('all-killed')
  await Promise.all([services.kill(orchestrator), services.kill(policyWorker)])
  ;[orchestrator, policyWorker] = await Promise.all([
    services.startWorker('orchestrator'),
    services.startWorker('policy'),
  ])
  await goesOn('all-killed')
  assert.equal((await handle.result()).weights, expected)
})

test('what the orchestrator held goes to the next one', async () => {
  await services.killMlflow()
  const handle = await inTraining('orphaned')
  await until('an attempt to reach MLflow', async () =>
    ((await handle.describe()).raw.pendingActivities ?? []).some(
      ({ activityType, state }) => activityType?.name === 'openTracking' && state === started,
    ),
  )
  await services.kill(orchestrator)
  await services.startMlflow()
  orchestrator = await services.startWorker('orchestrator')
  assert.equal((await handle.result()).weights, expected)
  assert.equal((await work.trackedRuns('orphaned'))[0]?.info.status, 'FINISHED')
})

test('a worker that took over gives the activity back when it is told to end, and ends without an error', async () => {
  const handle = await inTraining('given-back')
  const second = await services.startWorker('policy-2')
  await services.kill(policyWorker)
  // It has the activity from the queue of its engine, which it asks last.
  await goesOn('given-back')
  process.kill(second.pid, 'SIGTERM')
  await until('the end of the worker', () => !isAlive(second))
  assert.doesNotMatch(readFileSync(second.log, 'utf8'), /Error/)
  policyWorker = await services.startWorker('policy')
  assert.equal((await handle.result()).weights, expected)
})

test('a worker that ends by itself leaves nothing', async () => {
  process.kill(policyWorker.pid, 'SIGTERM')
  await until('the end of what it noted', () => holders().length === 1)
})
