/** An experiment stopped in the middle of an activity, by people, signals and servers: the worker is free at once, and the bits are the same. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { WorkflowFailedError } from '@temporalio/client'
import proto from '@temporalio/proto'
import type { ProcessRecord } from '../../activities/machine/services-record.js'
import { readMetrics, readResult } from '../../activities/store/runs/runs.js'
import { isAlive } from '../../commands/services/processes.js'
import { programOf } from '../../commands/services/project.js'
import { pauseSignal, resumeSignal } from '../../workflows/messages.js'
import type { TestServices } from '../services.js'
import { type AtWork, type Handle, startAtWork, until } from './at-work.js'
import { longTraining, tinyConfig } from './tiny.js'

const steps = 300
/** A cancellation comes with a heartbeat, of which one leaves the worker a second. */
const long = (name: string, heartbeatTimeout = 3) => longTraining(name, { steps, heartbeatTimeout })

let services: TestServices
let orchestrator: ProcessRecord
let policyWorker: ProcessRecord
let work: AtWork
let expected: { weights: string; optimizer: Buffer }

before(async () => {
  ;({ services, orchestrator, policyWorker, work } = await startAtWork())
  const { weights } = await work.run(long('undisturbed'))
  assert.ok(weights)
  expected = { weights, optimizer: work.optimizerBytes('undisturbed', steps) }
})
after(() => services?.stop())

/** Begun, and in the middle of its training. */
async function inTraining(config: ReturnType<typeof long>): Promise<Handle> {
  const handle = await work.start(config)
  await until('the third step', () => work.journaled(config.name) >= 3)
  return handle
}

/** What the policy's worker has, or would have, to do. */
const activitiesOf = async (handle: Handle) =>
  ((await handle.describe()).raw.pendingActivities ?? []).filter(({ activityOptions }) =>
    activityOptions?.taskQueue?.name?.startsWith(services.queues.gpu),
  )

/** Whether nothing can give the workflow a task: none is at hand, and no activity but the policy's can end. */
async function onlyTrains(handle: Handle): Promise<boolean> {
  const { pendingWorkflowTask, pendingActivities } = (await handle.describe()).raw
  return pendingWorkflowTask == null && pendingActivities?.length === (await activitiesOf(handle)).length
}

/** Workflow tasks that were lost: which timeout ended the wait, and its seconds by the server's clock. */
async function lostWorkflowTasks(handle: Handle) {
  const { events } = await handle.fetchHistory()
  const timeOf = (index: number) => {
    const { seconds, nanos } = events?.[index]?.eventTime ?? {}
    return Number(seconds) + (nanos ?? 0) / 1e9
  }
  return (events ?? []).flatMap(({ workflowTaskTimedOutEventAttributes: lost }, index) =>
    // Ids of events count from 1.
    lost ? [{ cause: lost.timeoutType, seconds: timeOf(index) - timeOf(Number(lost.scheduledEventId) - 1) }] : [],
  )
}

const isPaused = async (handle: Handle) => (await work.progressOf(handle)).state === 'paused'
const statusInMlflow = async (name: string) => (await work.trackedRuns(name))[0]?.info.status

/** That it ends as if nothing had been: same bits, what was measured stays, one run in MLflow with every point once. */
async function endsAsUndisturbed(name: string, handle: Handle): Promise<void> {
  const kept = readMetrics(services.path, name)
  assert.equal((await handle.result()).weights, expected.weights)
  assert.deepEqual(work.optimizerBytes(name, steps), expected.optimizer)
  assert.deepEqual(readMetrics(services.path, name).slice(0, kept.length), kept)
  const [tracked, ...others] = await work.trackedRuns(name)
  assert.equal(others.length, 0)
  assert.equal(tracked?.info.status, 'FINISHED')
  const history = await work.mlflow.getMetricHistory(tracked?.info.run_id ?? '', 'reward/mean')
  assert.deepEqual(
    history.map(({ step }) => step).sort((a, b) => a - b),
    Array.from({ length: steps }, (_, index) => index + 1),
  )
}

/** Of an activity that is paused and that no worker has. */
const givenBack = proto.temporal.api.enums.v1.PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED

describe('a pause', () => {
  it('takes the activity off its worker in the middle, shows in MLflow, and ends where it began', async () => {
    const handle = await inTraining(long('paused'))
    await handle.signal(pauseSignal)
    await until('the pause', () => isPaused(handle))
    const done = work.journaled('paused')
    assert.ok(done < steps, 'there is still something to train')
    assert.deepEqual(await activitiesOf(handle), [], 'nothing holds the worker')
    await until('its status in MLflow', async () => (await statusInMlflow('paused')) === 'SCHEDULED')
    assert.equal(work.journaled('paused'), done)
    assert.deepEqual((await handle.describe()).searchAttributes['RlevStage'], ['paused'])

    await handle.signal(resumeSignal)
    await until('its status in MLflow', async () => (await statusInMlflow('paused')) === 'RUNNING')
    await endsAsUndisturbed('paused', handle)
  })

  it('that is taken back at once, and again, costs nothing but the step under way', async () => {
    const handle = await inTraining(long('wavering'))
    for (let times = 0; times < 3; times++) {
      await handle.signal(pauseSignal)
      await handle.signal(resumeSignal)
    }
    await endsAsUndisturbed('wavering', handle)
  })

  it('of the activity in Temporal itself stops it likewise, and it goes on when that ends', async () => {
    const handle = await inTraining(long('held'))
    const temporal = (...words: string[]) =>
      promisify(execFile)(programOf('temporal'), [
        ...['activity', ...words, '--workflow-id', 'held', '--activity-id'],
        ...[activity.activityId ?? '', '--address', services.services.temporal.address],
      ])
    const [activity = {}] = await activitiesOf(handle)
    assert.equal(activity.activityType?.name, 'trainSteps')
    await temporal('pause')
    await until('the pause', async () => (await activitiesOf(handle))[0]?.state === givenBack)
    const done = work.journaled('held')
    assert.ok(done < steps, 'there is still something to train')
    await sleep(1000)
    assert.equal(work.journaled('held'), done)
    await temporal('unpause')
    await endsAsUndisturbed('held', handle)
  })

  it('works while the policy worker is dead, and so does a cancellation', async () => {
    const [paused, cancelled] = [await inTraining(long('dead-paused')), await work.start(long('dead-cancelled'))]
    // A cancellation before its config is kept would leave no result.
    await until('its first policy activity', async () => (await activitiesOf(cancelled)).length > 0)
    await services.kill(policyWorker)
    await Promise.all([paused.signal(pauseSignal), cancelled.cancel()])
    await until('the pause', () => isPaused(paused))
    await assert.rejects(cancelled.result(), WorkflowFailedError)
    assert.equal((await cancelled.describe()).status.name, 'CANCELLED')
    assert.equal(readResult(services.path, 'dead-cancelled')?.state, 'cancelled')
    assert.equal(await statusInMlflow('dead-cancelled'), 'KILLED')

    policyWorker = await services.startWorker('policy')
    await paused.signal(resumeSignal)
    await endsAsUndisturbed('dead-paused', paused)
    await endsAsUndisturbed('dead-cancelled', await work.start(long('dead-cancelled')))
  })
})

describe('a cancellation', () => {
  it('whose worker died in the middle of the activity is one all the same', async () => {
    const handle = await inTraining(long('died-cancelled'))
    await services.kill(policyWorker)
    await handle.cancel()
    await assert.rejects(handle.result(), WorkflowFailedError)
    assert.equal((await handle.describe()).status.name, 'CANCELLED')
    assert.equal(readResult(services.path, 'died-cancelled')?.state, 'cancelled')
    assert.equal(await statusInMlflow('died-cancelled'), 'KILLED')
    policyWorker = await services.startWorker('policy')
    await endsAsUndisturbed('died-cancelled', await work.start(long('died-cancelled')))
  })
})

describe('a worker', () => {
  it('that gets SIGTERM gives its activity back at once, and ends', async () => {
    // With a heartbeat timeout that nobody waits for in this test.
    const handle = await inTraining(long('terminated', 600))
    process.kill(policyWorker.pid, 'SIGTERM')
    await until('the end of the worker', () => !isAlive(policyWorker))
    const done = work.journaled('terminated')
    assert.ok(done < steps, 'there is still something to train')
    policyWorker = await services.startWorker('policy')
    await endsAsUndisturbed('terminated', handle)
  })

  it('and its fellow, both stopped for longer than the heartbeat timeout, go on when they are continued', async () => {
    const handle = await inTraining(long('stopped'))
    const both = [orchestrator, policyWorker]
    for (const { pid } of both) process.kill(-pid, 'SIGSTOP')
    await sleep(7000)
    for (const { pid } of both) process.kill(-pid, 'SIGCONT')
    await endsAsUndisturbed('stopped', handle)
  })

  it('stopped while another one takes over commits nothing when it is continued', async () => {
    const handle = await inTraining(long('fenced'))
    process.kill(-policyWorker.pid, 'SIGSTOP')
    const second = await services.startWorker('policy-2')
    const before = work.journaled('fenced')
    await until('steps of the second worker', () => work.journaled('fenced') > before + 1)
    process.kill(-policyWorker.pid, 'SIGCONT')
    await endsAsUndisturbed('fenced', handle)
    await services.kill(second)
  })
})

describe('a workflow', () => {
  it('whose worker was killed is taken up by the next one within seconds', async () => {
    const handle = await inTraining(long('orphaned'))
    // A task that the worker has in hand is lost in another way: its time to answer runs out.
    await until('nothing but training', () => onlyTrains(handle))
    await services.kill(orchestrator)
    // Until the server knows of the death it hands a workflow task to the dead worker, and waits ten seconds for its answer.
    await sleep(1000)
    await handle.signal(pauseSignal)
    orchestrator = await services.startWorker('orchestrator')
    await until('the pause', async () => (await handle.describe()).searchAttributes['RlevStage']?.[0] === 'paused')
    const [lost, ...others] = await lostWorkflowTasks(handle)
    assert.deepEqual(others, [])
    assert.equal(lost?.cause, proto.temporal.api.enums.v1.TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START)
    assert.ok(lost.seconds < 5, `after ${lost.seconds} s`)
    await handle.signal(resumeSignal)
    await endsAsUndisturbed('orphaned', handle)
  })

  it('that continues as new after every run of steps carries a pause, its tracking and its place along', async () => {
    const config = tinyConfig('renewed', {
      steps,
      evaluation: { every: steps },
      checkpoint: { everySteps: 15 },
      durability: { stepsPerActivity: 30, heartbeatTimeout: 3, maxHistoryEvents: 1 },
    })
    const handle = await inTraining(config)
    await handle.signal(pauseSignal)
    await until('the pause', () => isPaused(handle))
    const { step } = await work.progressOf(handle)
    await handle.signal(resumeSignal)
    await endsAsUndisturbed('renewed', handle)
    assert.ok(step < steps, `paused at ${step}`)
    assert.notEqual((await handle.describe()).runId, handle.firstExecutionRunId)
  })
})
