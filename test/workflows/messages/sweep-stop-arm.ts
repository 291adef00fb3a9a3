/** The update `stopArm` of a sweep at every moment. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import { pauseSignal, resumeSignal } from '../../../workflows/messages.js'
import { tinySweep } from '../tiny.js'
import { heldSeed, showStart } from './held-start.js'
import { mocked, suite, until } from './mocked-workers.js'
import {
  aMoment,
  assertCancelled,
  beginToStopArm,
  calls,
  endInMlflow,
  hold,
  idOf,
  inReport,
  inTraining,
  stateOf,
  statesOf,
  statusOf,
  stopArm,
  three,
  two,
  waitingForId,
  whileStopping,
} from './sweep-moments.js'

describe('stopArm of a sweep', suite, () => {
  it('before the plan is kept leaves the arm out', async () => {
    const plan = tinySweep('stop-early', two)
    const freeze = hold(plan.name, 'freezeRun')
    const sweep = await mocked.startSweep(plan)
    await freeze.begun
    const stopped = await beginToStopArm(sweep, 'b')
    freeze.answer()
    await stopped.result()
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'cancelled'])
    assert.equal(await statusOf(idOf(plan, 'b')), 'NOT FOUND')
  })

  it('before the plan is kept is refused for an arm that turns out to be unknown', async () => {
    const plan = tinySweep('stop-early-unknown', two)
    const freeze = hold(plan.name, 'freezeRun')
    const sweep = await mocked.startSweep(plan)
    await freeze.begun
    const stopped = await beginToStopArm(sweep, 'z')
    freeze.answer()
    await assert.rejects(stopped.result(), WorkflowUpdateFailedError)
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'done'])
  })

  it('while an experiment of the arm starts cancels it', async () => {
    const plan = tinySweep('stop-starting', two, { seeds: [heldSeed] })
    const b = idOf(plan, 'b', heldSeed)
    // Held there if it comes so far.
    hold(b, 'trainSteps')
    const sweep = await mocked.startSweep(plan)
    await until('the first experiment', async () => (await statusOf(idOf(plan, 'a', heldSeed))) !== 'NOT FOUND')
    await sweep.signal(showStart)
    await until('the experiment', async () => (await statusOf(b)) === 'RUNNING')
    await stopArm(sweep, 'b')
    await sweep.signal(showStart)
    await until('its end', async () => (await statusOf(b)) === 'CANCELLED')
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'cancelled'])
  })

  it('while the sweep waits for the id of an experiment leaves it out', async () => {
    const plan = tinySweep('stop-id-taken', two)
    const { sweep, earlier } = await waitingForId(plan)
    await stopArm(sweep, 'b')
    await earlier.cancel()
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'cancelled'])
    assert.equal(calls(idOf(plan, 'b'), 'freezeRun').length, 1, 'by the earlier sweep only')
  })

  it('cancels what runs of the arm, leaves out the rest of it, and the sweep does not fail', async () => {
    const plan = tinySweep('stop-running', two, { seeds: [1, 2], concurrency: 2 })
    const { sweep, training } = await inTraining(plan, 'a', 'b')
    await stopArm(sweep, 'b')
    await training[1]?.cancelled
    training[0]?.answer()
    const { experiments } = await sweep.result()
    assert.deepEqual(Object.fromEntries(experiments.map(({ arm, seed, state }) => [`${arm} ${seed}`, state])), {
      'a 1': 'done',
      'b 1': 'cancelled',
      'a 2': 'done',
      'b 2': 'cancelled',
    })
    assert.deepEqual(endInMlflow(plan.name), ['FINISHED'])
  })

  it('in a pause cancels the paused experiment, and the sweep stays paused', async () => {
    const plan = tinySweep('stop-paused', three, { concurrency: 2 })
    const { sweep, training } = await inTraining(plan, 'a', 'b')
    await sweep.signal(pauseSignal)
    await Promise.all(training.map(({ cancelled }) => cancelled))
    await stopArm(sweep, 'b')
    await until('the end of b', async () => (await statusOf(idOf(plan, 'b'))) === 'CANCELLED')
    assert.equal(await stateOf(sweep), 'paused')
    assert.equal(await statusOf(idOf(plan, 'c')), 'NOT FOUND')
    await sweep.signal(resumeSignal)
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'cancelled', 'done'])
  })

  it('again while the arm stops changes nothing', async () => {
    const plan = tinySweep('stop-twice', two)
    const { sweep } = await inTraining(plan, 'b')
    const ending = hold(idOf(plan, 'b'), 'recordResult')
    await stopArm(sweep, 'b')
    await ending.begun
    await stopArm(sweep, 'b')
    await aMoment()
    ending.answer()
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'cancelled'])
    assert.equal(calls(idOf(plan, 'b'), 'recordResult').length, 1)
  })

  it('while the report is written comes too late for the results', async () => {
    const { sweep, report } = await inReport(tinySweep('stop-report', two))
    await stopArm(sweep, 'b')
    report.answer()
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'done'])
  })

  it('while the sweep stops is taken, and it ends as cancelled', async () => {
    const { sweep, ending } = await whileStopping(tinySweep('stop-stopping', two, { concurrency: 1 }))
    await stopArm(sweep, 'b')
    ending.answer()
    await assertCancelled(sweep)
  })

  it('after the end is refused', async () => {
    const sweep = await mocked.startSweep(tinySweep('stop-ended', two))
    await sweep.result()
    await assert.rejects(stopArm(sweep, 'b'), WorkflowNotFoundError)
  })

  it('is refused for an unknown arm and for the baseline, which others are compared with', async () => {
    const plan = tinySweep('stop-refused', two)
    const { sweep, training } = await inTraining(plan, 'a')
    await assert.rejects(stopArm(sweep, 'z'), WorkflowUpdateFailedError)
    await assert.rejects(stopArm(sweep, 'a'), WorkflowUpdateFailedError)
    training[0]?.answer()
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'done'])
  })
})
