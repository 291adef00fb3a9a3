/** What experiments tell their sweep at every moment, and the progress of a sweep. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WorkflowFailedError } from '@temporalio/client'
import { pauseSignal, resumeSignal } from '../../../workflows/messages.js'
import { tinySweep } from '../tiny.js'
import { mocked, suite, sweepProgress, until } from './mocked-workers.js'
import {
  aMoment,
  assertCancelled,
  calls,
  hold,
  idOf,
  inTraining,
  one,
  stateOf,
  statesOf,
  statusOf,
  two,
  waitsForId,
} from './sweep-moments.js'

describe('a message of an experiment to its sweep', suite, () => {
  it('of an evaluation shows in the progress while the experiment goes on', async () => {
    const plan = tinySweep('moved-evaluation', one)
    const { sweep, training } = await inTraining(plan, 'a')
    const [a] = (await sweepProgress(sweep)).experiments
    assert.deepEqual([a?.step, a?.acc, a?.hAcc, a?.expectedHAcc], [0, 0.5, 0.6, 0.55])
    training[0]?.answer()
    await sweep.result()
  })

  it('of a recorded result frees the place and lets the sweep report while MLflow is waited for', async () => {
    const plan = tinySweep('moved-trained', two, { concurrency: 1 })
    const closing = [hold(idOf(plan, 'a'), 'closeTracking'), hold(idOf(plan, 'b'), 'closeTracking')]
    const sweep = await mocked.startSweep(plan)
    await Promise.all(closing.map(({ begun }) => begun))
    await until('the report', async () => (await sweepProgress(sweep)).reportPath !== undefined)
    assert.ok((await sweepProgress(sweep)).onlyTrackingSince)
    for (const held of closing) held.answer()
    await sweep.result()
  })

  it('in a pause frees the place, and the next begins at resume', async () => {
    const plan = tinySweep('moved-paused', two, { concurrency: 1 })
    const recording = hold(idOf(plan, 'a'), 'recordResult')
    const closing = hold(idOf(plan, 'a'), 'closeTracking')
    const sweep = await mocked.startSweep(plan)
    await recording.begun
    await sweep.signal(pauseSignal)
    recording.answer()
    await closing.begun
    await aMoment()
    assert.equal(await statusOf(idOf(plan, 'b')), 'NOT FOUND')
    await sweep.signal(resumeSignal)
    await until('the next', async () => (await statusOf(idOf(plan, 'b'))) !== 'NOT FOUND')
    closing.answer()
    await sweep.result()
  })

  it('by an experiment of an earlier sweep that has the id does not count as the result of this one', async () => {
    const plan = tinySweep('moved-stray', two, { concurrency: 1 })
    const a = idOf(plan, 'a')
    const strayEnd = hold(a, 'closeTracking')
    const earlier = await mocked.startStray(plan, { arm: 'a', seed: 1 })
    const strayResult = hold(a, 'recordResult')
    await strayResult.begun
    const sweep = await mocked.startSweep(plan)
    await waitsForId(sweep)
    strayResult.answer()
    await strayEnd.begun
    const training = hold(a, 'trainSteps')
    strayEnd.answer()
    await earlier.result()
    await training.begun
    await aMoment()
    assert.equal(await statusOf(idOf(plan, 'b')), 'NOT FOUND', 'the one place is taken')
    training.answer()
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'done'])
  })

  it('while the sweep stops shows, and it ends as cancelled', async () => {
    const plan = tinySweep('moved-stopping', one)
    const recording = mocked.activities.hold(idOf(plan, 'a'), 'recordResult', { ignoresCancellation: true })
    const sweep = await mocked.startSweep(plan)
    await recording.begun
    await sweep.cancel()
    await recording.cancelled
    recording.answer()
    await assertCancelled(sweep)
  })

  it('after the end of the sweep is lost, and the experiment goes to its own end', async () => {
    const plan = tinySweep('moved-ended', one)
    const sweep = await mocked.startSweep(plan)
    await sweep.result()
    const result = await (await mocked.startStray(plan, { arm: 'a', seed: 1 })).result()
    assert.equal(result.step, 2)
  })
})

describe('the progress of a sweep', suite, () => {
  it('is there before the plan is kept, and after the end', async () => {
    const plan = tinySweep('query-early', two)
    const freeze = hold(plan.name, 'freezeRun')
    const sweep = await mocked.startSweep(plan)
    await freeze.begun
    // It knows none before it has read the plan.
    assert.deepEqual(await sweepProgress(sweep), { name: plan.name, state: 'running', experiments: [] })
    freeze.answer()
    await sweep.result()
    const { state, reportPath, experiments } = await sweepProgress(sweep)
    assert.deepEqual([state, reportPath], ['done', `runs/${plan.name}/report/report.html`])
    assert.ok(experiments.every(({ stage }) => stage === 'done'))
  })

  it('of one that failed before its first experiment shows none as running', async () => {
    const plan = tinySweep('query-refused', two)
    const freeze = hold(plan.name, 'freezeRun')
    const sweep = await mocked.startSweep(plan)
    await freeze.begun
    freeze.fail('another config')
    await assert.rejects(sweep.result(), WorkflowFailedError)
    assert.equal(await stateOf(sweep), 'failed')
    assert.deepEqual(await statesOf(sweep), [])
  })

  it('of one that an older version started, with the plan in its input, is that of any other', async () => {
    const plan = tinySweep('query-by-plan', two, { seeds: [1, 2] })
    const freeze = hold(plan.name, 'freezeRun')
    const sweep = await mocked.startSweepByPlan(plan)
    await freeze.begun
    assert.equal((await sweepProgress(sweep)).experiments.length, 4)
    freeze.answer()
    const { experiments } = await sweep.result()
    assert.deepEqual(
      experiments.map(({ arm, seed, state }) => [arm, seed, state]),
      [
        ['a', 1, 'done'],
        ['a', 2, 'done'],
        ['b', 1, 'done'],
        ['b', 2, 'done'],
      ],
    )
  })
})

describe('a sweep that stops at the first failure', suite, () => {
  it('begins nothing after a failure while it waits for the id of an experiment', async () => {
    const plan = tinySweep('halt-id-taken', two, { onFailure: 'stop', concurrency: 2 })
    const stray = hold(idOf(plan, 'b'), 'warmStart')
    const earlier = await mocked.startStray(plan, { arm: 'b', seed: 1 })
    await stray.begun
    const { sweep, training } = await inTraining(plan, 'a')
    await waitsForId(sweep)
    training[0]?.fail('no such thing')
    await until('the failure', async () => (await statesOf(sweep))[0] === 'failed')
    stray.answer()
    await earlier.result()
    await assert.rejects(sweep.result(), WorkflowFailedError)
    assert.deepEqual(await statesOf(sweep), ['failed', 'cancelled'])
    assert.equal(calls(idOf(plan, 'b'), 'freezeRun').length, 1, 'by the earlier sweep only')
  })
})
