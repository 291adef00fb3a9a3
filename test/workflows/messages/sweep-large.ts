/** Sweeps in batches: what they begin and when, and every message at the moments that only they have. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client'
import type { SweepPlan } from '../../../pipelines/config/schema.js'
import { startOrder } from '../../../pipelines/config/start-order.js'
import { batchId } from '../../../workflows/batches/batch-messages.js'
import { pauseSignal, resumeSignal } from '../../../workflows/messages.js'
import { tinySweep } from '../tiny.js'
import { answer, arms, countsOf, inTraining, none } from './batch-moments.js'
import { heldBatch, showStart } from './held-start.js'
import { mocked, type Sweep, suite, sweepProgress, until } from './mocked-workers.js'
import {
  aMoment,
  assertCancelled,
  calls,
  endInMlflow,
  hold,
  idOf,
  setConcurrency,
  stateOf,
  statusesSent,
  statusOf,
  stopArm,
  three,
} from './sweep-moments.js'

describe('a sweep in batches', suite, () => {
  it('begins every experiment once, in the order of the plan, and tells counts', async () => {
    const plan = tinySweep('batched', three, { seeds: [1, 2], concurrency: 1 })
    const sweep = await mocked.startLargeSweep(plan, { cells: 2 })
    const { experiments, counts } = await sweep.result()
    assert.deepEqual([experiments, counts], [[], { ...none, done: 6 }])
    const ids = startOrder(plan).map(({ arm, seed }) => idOf(plan, arm, seed))
    const begun = await Promise.all(ids.map(async id => (await mocked.handleOf(id).describe()).startTime.getTime()))
    assert.deepEqual(
      begun,
      begun.toSorted((a, b) => a - b),
    )
    for (const id of ids) assert.equal(calls(id, 'freezeRun').length, 1)
    assert.deepEqual(
      (await sweepProgress(sweep)).batches?.map(({ id, from, to, ended }) => [id, from, to, ended]),
      [1, 2, 3].map(number => [batchId(plan.name, number), 2 * number - 2, 2 * number, true]),
    )
    assert.deepEqual(endInMlflow(plan.name), ['FINISHED'])
  })

  it('runs as many experiments as it may over all batches, more or fewer when that changes', async () => {
    const plan = tinySweep('batched-places', arms(7), { concurrency: 3 })
    const id = (arm: number) => idOf(plan, `arm-${arm}`)
    const later = [3, 4, 5, 6].map(arm => hold(id(arm), 'trainSteps'))
    const { sweep, training } = await inTraining(plan, { cells: 2 }, id(0), id(1), id(2))
    await aMoment()
    assert.equal(await statusOf(id(3)), 'NOT FOUND')
    assert.deepEqual(await countsOf(sweep), { ...none, waiting: 4, running: 3 })
    await setConcurrency(sweep, 5)
    await Promise.all(later.slice(0, 2).map(({ begun }) => begun))
    await setConcurrency(sweep, 2)
    answer(training)
    await until('their ends', async () => (await countsOf(sweep))?.done === 3)
    await aMoment()
    assert.equal(await statusOf(id(5)), 'NOT FOUND', 'two places are taken')
    answer(later.slice(0, 1))
    await later[2]?.begun
    await aMoment()
    assert.equal(await statusOf(id(6)), 'NOT FOUND')
    answer(later)
    await sweep.result()
    assert.deepEqual(await countsOf(sweep), { ...none, done: 7 })
  })

  it('begins the next batch and reports while MLflow is waited for', async () => {
    const plan = tinySweep('batched-tracking', arms(2), { concurrency: 1 })
    const closing = [0, 1].map(arm => hold(idOf(plan, `arm-${arm}`), 'closeTracking'))
    const sweep = await mocked.startLargeSweep(plan, { cells: 1 })
    await Promise.all(closing.map(({ begun }) => begun))
    await until('the report', async () => (await sweepProgress(sweep)).reportPath !== undefined)
    answer(closing)
    await sweep.result()
  })

  it('fails after the others when experiments failed, and names some', async () => {
    const plan = tinySweep('batched-failed', arms(3), { concurrency: 1 })
    const { sweep, training } = await inTraining(plan, { cells: 1 }, idOf(plan, 'arm-1'))
    training[0]?.fail('no such thing')
    await assert.rejects(sweep.result(), (error: WorkflowFailedError) => {
      assert.match(String(error.cause), /1 of 3 experiments failed, as arm-1 seed 1 \(no such thing\)/)
      return true
    })
    assert.deepEqual(await countsOf(sweep), { ...none, done: 2, failed: 1 })
    assert.deepEqual(endInMlflow(plan.name), ['FAILED'])
  })

  it('that stops at the first failure begins nothing after it in any batch', async () => {
    const plan = tinySweep('batched-halted', arms(6), { concurrency: 2, onFailure: 'stop' })
    const { sweep, training } = await inTraining(plan, { cells: 2 }, idOf(plan, 'arm-0'), idOf(plan, 'arm-1'))
    training[0]?.fail('no such thing')
    await until('the failure', async () => (await countsOf(sweep))?.failed === 1)
    training[1]?.answer()
    await assert.rejects(sweep.result(), (error: WorkflowFailedError) => {
      assert.match(String(error.cause), /1 of 6 .*; 4 were not begun/)
      return true
    })
    assert.equal(await statusOf(idOf(plan, 'arm-2')), 'NOT FOUND')
  })

  it('goes on without a batch that somebody terminated, and fails', async () => {
    const plan = tinySweep('batched-lost', arms(4), { concurrency: 2 })
    const { sweep } = await inTraining(plan, { cells: 2 }, idOf(plan, 'arm-0'), idOf(plan, 'arm-1'))
    await mocked.handleOf(batchId(plan.name, 1)).terminate()
    await assert.rejects(sweep.result(), (error: WorkflowFailedError) => {
      assert.match(
        String(error.cause),
        /2 of 4 .* 2 of experiments 1-2 \(its batch batched-lost\/batch-1 was ended by hand\)/,
      )
      return true
    })
    assert.deepEqual(await countsOf(sweep), { ...none, done: 2, failed: 2 })
  })

  it('that somebody terminated leaves no batch at work', async () => {
    const plan = tinySweep('batched-orphan', arms(3), { concurrency: 1 })
    const { sweep, training } = await inTraining(plan, { cells: 3 }, idOf(plan, 'arm-0'))
    await sweep.terminate()
    training[0]?.answer()
    await until('the end of the batch', async () => (await statusOf(batchId(plan.name, 1))) !== 'RUNNING')
    await aMoment()
    for (const arm of ['arm-1', 'arm-2']) assert.notEqual(await statusOf(idOf(plan, arm)), 'RUNNING')
  })
})

describe('a message to a sweep in batches', suite, () => {
  it('pauses every batch and what runs in it, and nothing begins until resume', async () => {
    const plan = tinySweep('batched-pause', arms(5), { concurrency: 3 })
    const ids = [0, 1, 2].map(arm => idOf(plan, `arm-${arm}`))
    const { sweep, training } = await inTraining(plan, { cells: 2 }, ...ids)
    await sweep.signal(pauseSignal)
    await Promise.all(training.map(({ cancelled }) => cancelled))
    await until('the status in MLflow', () => ids.every(id => statusesSent(id).at(-1) === 'SCHEDULED'))
    assert.equal(await stateOf(sweep), 'paused')
    await setConcurrency(sweep, 5)
    await aMoment()
    assert.equal(await statusOf(idOf(plan, 'arm-3')), 'NOT FOUND')
    await sweep.signal(resumeSignal)
    await sweep.result()
    assert.deepEqual(await countsOf(sweep), { ...none, done: 5 })
  })

  it('stops an arm in every batch, begun or not, and the sweep does not fail', async () => {
    const plan = tinySweep('batched-stop', three, { seeds: [1, 2, 3], concurrency: 3 })
    const ids = [1, 2, 3].map(seed => idOf(plan, 'a', seed))
    const { sweep, training } = await inTraining(plan, { cells: 2 }, ...ids)
    await stopArm(sweep, 'b')
    answer(training)
    await sweep.result()
    assert.deepEqual(await countsOf(sweep), { ...none, done: 6, cancelled: 3 })
    for (const seed of [1, 2, 3]) assert.equal(await statusOf(idOf(plan, 'b', seed)), 'NOT FOUND')
  })

  it('cancels every batch and what runs in it', async () => {
    const plan = tinySweep('batched-cancel', arms(5), { concurrency: 3 })
    const ids = [0, 1, 2].map(arm => idOf(plan, `arm-${arm}`))
    const { sweep } = await inTraining(plan, { cells: 2 }, ...ids)
    await sweep.cancel()
    await assertCancelled(sweep)
    for (const id of ids) assert.equal(await statusOf(id), 'CANCELLED')
    assert.deepEqual(await countsOf(sweep), { ...none, cancelled: 5 })
    assert.deepEqual(endInMlflow(plan.name), ['KILLED'])
  })

  it('cancels in a pause', async () => {
    const plan = tinySweep('batched-cancel-paused', arms(3), { concurrency: 1 })
    const { sweep, training } = await inTraining(plan, { cells: 1 }, idOf(plan, 'arm-0'))
    await sweep.signal(pauseSignal)
    await training[0]?.cancelled
    await sweep.cancel()
    await assertCancelled(sweep)
    assert.equal(await statusOf(idOf(plan, 'arm-0')), 'CANCELLED')
  })

  it('reaches a batch that is being started', async () => {
    const [pausing, stopping, ending] = ['pause', 'stop', 'cancel'].map(what =>
      tinySweep(`${heldBatch}-${what}`, arms(2), { concurrency: 1 }),
    ) as [SweepPlan, SweepPlan, SweepPlan]
    const begin = async (plan: SweepPlan) => {
      hold(idOf(plan, 'arm-0'), 'trainSteps')
      const sweep = await mocked.startLargeSweep(plan, { cells: 2 })
      // Its sweep does not know yet that the batch has started.
      await until('the first experiment', async () => (await statusOf(idOf(plan, 'arm-0'))) === 'RUNNING')
      return sweep
    }
    const sweeps = await Promise.all([pausing, stopping, ending].map(begin))
    const [paused, stopped, cancelled] = sweeps as [Sweep, Sweep, Sweep]
    await Promise.all([paused.signal(pauseSignal), stopArm(stopped, 'arm-1'), cancelled.cancel()])
    for (const sweep of sweeps) await sweep.signal(showStart)
    await assertCancelled(cancelled)
    assert.equal(await statusOf(idOf(ending, 'arm-0')), 'CANCELLED')
    await until('the pause', () => statusesSent(idOf(pausing, 'arm-0')).at(-1) === 'SCHEDULED')
    await paused.signal(resumeSignal)
    for (const plan of [pausing, stopping]) mocked.activities.releaseAllOf(idOf(plan, 'arm-0'))
    await Promise.all([paused.result(), stopped.result()])
    assert.equal(await statusOf(idOf(stopping, 'arm-1')), 'NOT FOUND')
  })

  it('after the end is refused', async () => {
    const sweep = await mocked.startLargeSweep(tinySweep('batched-ended', arms(2)), { cells: 1 })
    await sweep.result()
    await assert.rejects(sweep.signal(pauseSignal), WorkflowNotFoundError)
    await assert.rejects(setConcurrency(sweep, 2), WorkflowNotFoundError)
  })
})

describe('a sweep of 1,300 arms', suite, () => {
  // Its plan is larger than a message of Temporal may be.
  const plan = tinySweep('large-plan', arms(1300), { concurrency: 1 })

  it('is started by name and digest', async () => {
    const training = hold(idOf(plan, 'arm-0'), 'trainSteps')
    const sweep = await mocked.startLargeSweep(plan, { cells: 100 })
    await training.begun
    await sweep.cancel()
    await assertCancelled(sweep)
    assert.deepEqual(await countsOf(sweep), { ...none, cancelled: 1300 })
  })

  it('was refused by Temporal when its plan was in the input', async () => {
    await assert.rejects(mocked.startSweepByPlan(plan), (error: Error) => {
      assert.match(String(error.cause), /Blob data size exceeds limit/)
      return true
    })
  })
})
