/** Cancellation of a sweep at every moment. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WorkflowNotFoundError } from '@temporalio/client'
import { pauseSignal } from '../../../workflows/messages.js'
import { tinySweep } from '../tiny.js'
import { heldSeed, showStart } from './held-start.js'
import { mocked, suite, sweepProgress, until } from './mocked-workers.js'
import {
  aMoment,
  assertCancelled,
  calls,
  endInMlflow,
  hold,
  idOf,
  inReport,
  inTraining,
  one,
  statesOf,
  statusOf,
  stopArm,
  three,
  two,
  waitingForId,
  whileStopping,
} from './sweep-moments.js'

describe('a cancellation of a sweep', suite, () => {
  it('before the plan is kept ends the sweep and leaves the MLflow run of this name alone', async () => {
    const plan = tinySweep('cancel-early', two)
    const freeze = hold(plan.name, 'freezeRun')
    const sweep = await mocked.startSweep(plan)
    await freeze.begun
    await sweep.cancel()
    await assertCancelled(sweep)
    assert.deepEqual(calls(plan.name, 'closeTracking'), [])
    assert.deepEqual(await statesOf(sweep), [])
  })

  it('while an experiment starts cancels it', async () => {
    const plan = tinySweep('cancel-starting', two, { seeds: [heldSeed], concurrency: 1 })
    const a = idOf(plan, 'a', heldSeed)
    const sweep = await mocked.startSweep(plan)
    await until('the experiment', async () => (await statusOf(a)) === 'RUNNING')
    await sweep.cancel()
    await sweep.signal(showStart)
    await assertCancelled(sweep)
    assert.equal(await statusOf(a), 'CANCELLED')
    assert.equal(await statusOf(idOf(plan, 'b', heldSeed)), 'NOT FOUND')
  })

  it('while the sweep waits for the id of an experiment ends the wait', async () => {
    const { sweep, earlier, stray } = await waitingForId(tinySweep('cancel-id-taken', two))
    await sweep.cancel()
    await assertCancelled(sweep)
    assert.deepEqual(await statesOf(sweep), ['done', 'cancelled'])
    stray.answer()
    await earlier.result()
  })

  it('cancels what runs, begins nothing else, and ends the MLflow runs as killed', async () => {
    const plan = tinySweep('cancel-running', three, { concurrency: 2 })
    const { sweep } = await inTraining(plan, 'a', 'b')
    await sweep.cancel()
    await assertCancelled(sweep)
    for (const arm of ['a', 'b']) assert.equal(await statusOf(idOf(plan, arm)), 'CANCELLED')
    assert.equal(await statusOf(idOf(plan, 'c')), 'NOT FOUND')
    assert.deepEqual(await statesOf(sweep), ['cancelled', 'cancelled', 'cancelled'])
    for (const id of [plan.name, idOf(plan, 'a'), idOf(plan, 'b')]) assert.deepEqual(endInMlflow(id), ['KILLED'])
  })

  it('in a pause ends the paused experiments too', async () => {
    const plan = tinySweep('cancel-paused', two)
    const { sweep, training } = await inTraining(plan, 'a')
    await sweep.signal(pauseSignal)
    await training[0]?.cancelled
    await sweep.cancel()
    await assertCancelled(sweep)
    assert.equal(await statusOf(idOf(plan, 'a')), 'CANCELLED')
  })

  it('while an arm stops ends the sweep when the arm has ended', async () => {
    const plan = tinySweep('cancel-arm-stopping', two)
    const { sweep } = await inTraining(plan, 'b')
    const ending = hold(idOf(plan, 'b'), 'recordResult')
    await stopArm(sweep, 'b')
    await ending.begun
    await sweep.cancel()
    await aMoment()
    assert.equal(await statusOf(plan.name), 'RUNNING')
    ending.answer()
    await assertCancelled(sweep)
  })

  it('while the report is written ends the sweep; the results stay', async () => {
    const { sweep } = await inReport(tinySweep('cancel-report', two))
    await sweep.cancel()
    await assertCancelled(sweep)
    assert.deepEqual(await statesOf(sweep), ['done', 'done'])
  })

  it('while only MLflow is waited for ends that wait; the results stay', async () => {
    const plan = tinySweep('cancel-tracking', one)
    const closing = hold(idOf(plan, 'a'), 'closeTracking')
    const sweep = await mocked.startSweep(plan)
    await closing.begun
    await until('the report', async () => (await sweepProgress(sweep)).reportPath !== undefined)
    await sweep.cancel()
    await assertCancelled(sweep)
    assert.deepEqual(await statesOf(sweep), ['done'])
    assert.equal(await statusOf(idOf(plan, 'a')), 'COMPLETED')
    assert.equal((await sweepProgress(sweep)).onlyTrackingSince, undefined)
  })

  it('again while the sweep stops changes nothing', async () => {
    const { sweep, ending } = await whileStopping(tinySweep('cancel-twice', two, { concurrency: 1 }))
    await sweep.cancel()
    ending.answer()
    await assertCancelled(sweep)
  })

  it('after the end leaves it as it ended', async () => {
    const sweep = await mocked.startSweep(tinySweep('cancel-ended', one))
    await sweep.result()
    await sweep.cancel().catch(error => assert.ok(error instanceof WorkflowNotFoundError))
    assert.equal(await statusOf(sweep.workflowId), 'COMPLETED')
  })
})
