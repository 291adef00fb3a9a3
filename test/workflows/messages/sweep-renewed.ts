/** Sweeps in batches that continue as new: what they begin, and messages that must reach each of their runs. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startOrder } from '../../../pipelines/config/start-order.js'
import { pauseSignal, resumeSignal } from '../../../workflows/messages.js'
import { tinySweep } from '../tiny.js'
import { answer, arms, countsOf, inTraining, none } from './batch-moments.js'
import { mocked, type Sweep, suite, until } from './mocked-workers.js'
import { assertCancelled, calls, hold, idOf, setConcurrency, stateOf, statusOf, stopArm } from './sweep-moments.js'

describe('a sweep in batches that continues as new', suite, () => {
  /** So few that every run of it soon continues as new. */
  const maxEvents = 40
  const runOf = async (sweep: Sweep) => (await mocked.handleOf(sweep.workflowId).describe()).runId

  it('ends complete, and began nothing twice', async () => {
    const plan = tinySweep('renewed', arms(10), { concurrency: 3 })
    const sweep = await mocked.startLargeSweep(plan, { cells: 2, maxEvents })
    assert.deepEqual((await sweep.result()).counts, { ...none, done: 10 })
    assert.notEqual(await runOf(sweep), sweep.firstExecutionRunId)
    for (const { arm, seed } of startOrder(plan)) assert.equal(calls(idOf(plan, arm, seed), 'freezeRun').length, 1)
    assert.equal(calls(plan.name, 'freezeRun').length, 1)
    // Once, and once before if its link to MLflow was not known yet.
    const links = calls(plan.name, 'publishReport').map(({ input }) => (input as { trackingUrl?: string }).trackingUrl)
    assert.notEqual(links.length, 0)
    assert.deepEqual(links, [...new Set(links)])
  })

  it('hears of messages in every run of it', async () => {
    const plan = tinySweep('renewed-messages', arms(8), { concurrency: 1 })
    const { sweep } = await inTraining(plan, { cells: 4, maxEvents }, idOf(plan, 'arm-0'))
    for (let turn = 0; turn < 6; turn++) {
      await sweep.signal(pauseSignal)
      // A pause ends its training, which begins again. It must not end before all was sent.
      hold(idOf(plan, 'arm-0'), 'trainSteps')
      await sweep.signal(resumeSignal)
      if (turn === 2) await stopArm(sweep, 'arm-7')
      if (turn === 4) await setConcurrency(sweep, 2)
    }
    await sweep.signal(pauseSignal)
    await until('another run', async () => (await runOf(sweep)) !== sweep.firstExecutionRunId)
    await until('the pause', async () => (await stateOf(sweep)) === 'paused')
    const places = [5, 6].map(arm => hold(idOf(plan, `arm-${arm}`), 'trainSteps'))
    mocked.activities.releaseAllOf(idOf(plan, 'arm-0'))
    await sweep.signal(resumeSignal)
    await Promise.all(places.map(({ begun }) => begun))
    answer(places)
    await sweep.result()
    assert.deepEqual(await countsOf(sweep), { ...none, done: 7, cancelled: 1 })
    assert.equal(await statusOf(idOf(plan, 'arm-7')), 'NOT FOUND')
  })

  it('cancels batches that an earlier run of it started', async () => {
    const plan = tinySweep('renewed-cancel', arms(4), { concurrency: 1 })
    const { sweep } = await inTraining(plan, { cells: 2, maxEvents }, idOf(plan, 'arm-0'))
    for (let turn = 0; turn < 12; turn++) {
      await sweep.signal(pauseSignal)
      hold(idOf(plan, 'arm-0'), 'trainSteps')
      await sweep.signal(resumeSignal)
    }
    await until('another run', async () => (await runOf(sweep)) !== sweep.firstExecutionRunId)
    await sweep.cancel()
    await assertCancelled(sweep)
    assert.notEqual(await statusOf(idOf(plan, 'arm-0')), 'RUNNING')
  })
})
