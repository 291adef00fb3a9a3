/** The update `concurrency` of a sweep at every moment. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import { pauseSignal, resumeSignal } from '../../../workflows/messages.js'
import { tinySweep } from '../tiny.js'
import { mocked, suite, until } from './mocked-workers.js'
import {
  aMoment,
  assertCancelled,
  hold,
  idOf,
  inTraining,
  setConcurrency,
  statesOf,
  statusOf,
  stopArm,
  three,
  two,
  waitsForId,
  whileStopping,
} from './sweep-moments.js'

describe('the concurrency of a sweep', suite, () => {
  it('set before the plan is kept holds from the first experiment on', async () => {
    const plan = tinySweep('wide-early', two, { concurrency: 1 })
    const freeze = hold(plan.name, 'freezeRun')
    const training = [hold(idOf(plan, 'a'), 'trainSteps'), hold(idOf(plan, 'b'), 'trainSteps')]
    const sweep = await mocked.startSweep(plan)
    await freeze.begun
    await setConcurrency(sweep, 2)
    freeze.answer()
    await Promise.all(training.map(({ begun }) => begun))
    for (const held of training) held.answer()
    await sweep.result()
  })

  it('raised while experiments run begins the next', async () => {
    const plan = tinySweep('wide-running', two, { concurrency: 1 })
    const { sweep, training } = await inTraining(plan, 'a')
    const next = hold(idOf(plan, 'b'), 'trainSteps')
    await setConcurrency(sweep, 2)
    await next.begun
    for (const held of [...training, next]) held.answer()
    await sweep.result()
  })

  it('lowered while experiments run holds the next back', async () => {
    const plan = tinySweep('narrow-running', three, { concurrency: 2 })
    const { sweep, training } = await inTraining(plan, 'a', 'b')
    await setConcurrency(sweep, 1)
    training[0]?.answer()
    await until('the end of a', async () => (await statesOf(sweep))[0] === 'done')
    await aMoment()
    assert.equal(await statusOf(idOf(plan, 'c')), 'NOT FOUND')
    training[1]?.answer()
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'done', 'done'])
  })

  it('lowered in a pause holds when the sweep is resumed', async () => {
    const plan = tinySweep('narrow-paused', three, { concurrency: 2 })
    const { sweep, training } = await inTraining(plan, 'a', 'b')
    await sweep.signal(pauseSignal)
    await Promise.all(training.map(({ cancelled }) => cancelled))
    // One place is free, and c would have it if the sweep were not paused.
    await stopArm(sweep, 'b')
    await until('the end of b', async () => (await statesOf(sweep))[1] === 'cancelled')
    await setConcurrency(sweep, 1)
    const again = hold(idOf(plan, 'a'), 'trainSteps')
    await sweep.signal(resumeSignal)
    await again.begun
    await aMoment()
    assert.equal(await statusOf(idOf(plan, 'c')), 'NOT FOUND')
    again.answer()
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'cancelled', 'done'])
  })

  it('lowered while the sweep waits for the id of an experiment holds when the id is free', async () => {
    const plan = tinySweep('narrow-id-taken', three, { concurrency: 2 })
    const stray = hold(idOf(plan, 'b'), 'warmStart')
    const earlier = await mocked.startStray(plan, { arm: 'b', seed: 1 })
    await stray.begun
    const { sweep, training } = await inTraining(plan, 'a')
    await waitsForId(sweep)
    await setConcurrency(sweep, 1)
    await earlier.cancel()
    await until('the end of the earlier one', async () => (await statusOf(idOf(plan, 'b'))) === 'CANCELLED')
    // The id is asked for every two seconds.
    await sleep(2500)
    assert.equal(await statusOf(idOf(plan, 'b')), 'CANCELLED')
    training[0]?.answer()
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'done', 'done'])
  })

  it('while the sweep stops is taken, and nothing begins', async () => {
    const plan = tinySweep('wide-stopping', two, { concurrency: 1 })
    const { sweep, ending } = await whileStopping(plan)
    await setConcurrency(sweep, 2)
    ending.answer()
    await assertCancelled(sweep)
    assert.equal(await statusOf(idOf(plan, 'b')), 'NOT FOUND')
  })

  it('after the end is refused', async () => {
    const sweep = await mocked.startSweep(tinySweep('wide-ended', two))
    await sweep.result()
    await assert.rejects(setConcurrency(sweep, 2), WorkflowNotFoundError)
  })

  it('is refused below 1 and for a fraction', async () => {
    const plan = tinySweep('wide-refused', two)
    const { sweep, training } = await inTraining(plan, 'a')
    for (const wrong of [0, 1.5]) await assert.rejects(setConcurrency(sweep, wrong), WorkflowUpdateFailedError)
    training[0]?.answer()
    await sweep.result()
  })
})
