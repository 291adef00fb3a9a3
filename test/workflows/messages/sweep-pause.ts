/** Pause and resume of a sweep at every moment. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowNotFoundError } from '@temporalio/client'
import { pauseSignal, resumeSignal } from '../../../workflows/messages.js'
import { tinySweep } from '../tiny.js'
import { heldSeed, showStart } from './held-start.js'
import { experimentProgress, mocked, suite, until } from './mocked-workers.js'
import {
  aMoment,
  assertCancelled,
  hold,
  idOf,
  inReport,
  inTraining,
  one,
  signalsOf,
  stateOf,
  statesOf,
  statusesSent,
  statusOf,
  stopArm,
  three,
  two,
  waitingForId,
  whileStopping,
} from './sweep-moments.js'

describe('a pause of a sweep', suite, () => {
  it('before the plan is kept holds back the first experiment until resume', async () => {
    const plan = tinySweep('pause-early', two)
    const freeze = hold(plan.name, 'freezeRun')
    const sweep = await mocked.startSweep(plan)
    await freeze.begun
    await sweep.signal(pauseSignal)
    freeze.answer()
    await aMoment()
    assert.equal(await stateOf(sweep), 'paused')
    assert.equal(await statusOf(idOf(plan, 'a')), 'NOT FOUND')
    await sweep.signal(resumeSignal)
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'done'])
  })

  it('while an experiment starts pauses it too', async () => {
    const plan = tinySweep('pause-starting', one, { seeds: [heldSeed] })
    const a = idOf(plan, 'a', heldSeed)
    // Held there if it comes so far.
    const training = hold(a, 'trainSteps')
    const sweep = await mocked.startSweep(plan)
    await until('the experiment', async () => (await statusOf(a)) === 'RUNNING')
    await sweep.signal(pauseSignal)
    await sweep.signal(showStart)
    await until('its pause', async () => (await experimentProgress(mocked.handleOf(a))).state === 'paused')
    training.answer()
    await sweep.signal(resumeSignal)
    await sweep.result()
  })

  it('and resume while an experiment starts leave it running', async () => {
    const plan = tinySweep('waver-starting', one, { seeds: [heldSeed] })
    const a = idOf(plan, 'a', heldSeed)
    const sweep = await mocked.startSweep(plan)
    await until('the experiment', async () => (await statusOf(a)) === 'RUNNING')
    await sweep.signal(pauseSignal)
    await sweep.signal(resumeSignal)
    await sweep.signal(showStart)
    await sweep.result()
    assert.deepEqual(statusesSent(a), [])
  })

  it('while the sweep waits for the id of an experiment holds it back when the id is free', async () => {
    const plan = tinySweep('pause-id-taken', two)
    const b = idOf(plan, 'b')
    const { sweep, earlier } = await waitingForId(plan)
    await sweep.signal(pauseSignal)
    await earlier.cancel()
    await until('the end of the earlier one', async () => (await statusOf(b)) === 'CANCELLED')
    // The id is asked for every two seconds.
    await sleep(2500)
    assert.equal(await statusOf(b), 'CANCELLED')
    await sweep.signal(resumeSignal)
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'done'])
  })

  it('pauses what runs, shows it in MLflow and the list, and begins nothing until resume', async () => {
    const plan = tinySweep('pause-running', three, { concurrency: 2 })
    const { sweep, training } = await inTraining(plan, 'a', 'b')
    await sweep.signal(pauseSignal)
    await Promise.all(training.map(({ cancelled }) => cancelled))
    for (const id of [plan.name, idOf(plan, 'a'), idOf(plan, 'b')])
      await until(`the status of ${id}`, () => statusesSent(id).at(-1) === 'SCHEDULED')
    const { searchAttributes } = await sweep.describe()
    assert.deepEqual(searchAttributes['RlevStage'], ['paused'])
    assert.equal(await statusOf(idOf(plan, 'c')), 'NOT FOUND')
    await sweep.signal(resumeSignal)
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'done', 'done'])
    assert.deepEqual(statusesSent(plan.name), ['SCHEDULED', 'RUNNING'])
  })

  it('again in a pause changes nothing', async () => {
    const plan = tinySweep('pause-twice', one)
    const { sweep, training } = await inTraining(plan, 'a')
    await sweep.signal(pauseSignal)
    await training[0]?.cancelled
    await sweep.signal(pauseSignal)
    await aMoment()
    await sweep.signal(resumeSignal)
    await sweep.result()
    assert.deepEqual(statusesSent(idOf(plan, 'a')), ['SCHEDULED', 'RUNNING'])
  })

  it('and resume in quick turns reach the experiment in their order', async () => {
    const plan = tinySweep('waver-running', one)
    const training = mocked.activities.hold(idOf(plan, 'a'), 'trainSteps', { ignoresCancellation: true })
    const sweep = await mocked.startSweep(plan)
    await training.begun
    const a = mocked.handleOf(idOf(plan, 'a'))
    for (let turn = 0; turn < 10; turn++) {
      await sweep.signal(pauseSignal)
      await sweep.signal(resumeSignal)
    }
    await until('all of the signals', async () => (await signalsOf(a)).length === 20)
    assert.deepEqual(await signalsOf(a), Array.from({ length: 10 }, () => ['pause', 'resume']).flat())
    training.answer()
    await sweep.result()
  })

  it('while an arm stops lets it stop', async () => {
    const plan = tinySweep('pause-arm-stopping', two)
    const { sweep } = await inTraining(plan, 'b')
    const ending = hold(idOf(plan, 'b'), 'recordResult')
    await stopArm(sweep, 'b')
    await ending.begun
    await sweep.signal(pauseSignal)
    ending.answer()
    await until('the end of b', async () => (await statusOf(idOf(plan, 'b'))) === 'CANCELLED')
    await sweep.signal(resumeSignal)
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'cancelled'])
  })

  it('while the report is written does not keep the sweep from its end', async () => {
    const { sweep, report } = await inReport(tinySweep('pause-report', one))
    await sweep.signal(pauseSignal)
    report.answer()
    await sweep.result()
    assert.equal(await stateOf(sweep), 'done')
  })

  it('while the sweep stops changes nothing: it ends as cancelled', async () => {
    const plan = tinySweep('pause-stopping', two, { concurrency: 1 })
    const { sweep } = await inTraining(plan, 'a')
    const ending = hold(plan.name, 'closeTracking')
    await sweep.cancel()
    await ending.begun
    await sweep.signal(pauseSignal)
    await aMoment()
    ending.answer()
    await assertCancelled(sweep)
    assert.deepEqual((await sweep.describe()).searchAttributes['RlevStage'], ['cancelled'])
  })

  it('after the end is refused, as is resume', async () => {
    const sweep = await mocked.startSweep(tinySweep('pause-ended', one))
    await sweep.result()
    await assert.rejects(sweep.signal(pauseSignal), WorkflowNotFoundError)
    await assert.rejects(sweep.signal(resumeSignal), WorkflowNotFoundError)
  })
})

describe('the resume of a sweep', suite, () => {
  it('without a pause changes nothing', async () => {
    const plan = tinySweep('resume-running', one)
    const { sweep, training } = await inTraining(plan, 'a')
    await sweep.signal(resumeSignal)
    await aMoment()
    assert.equal(
      training[0] && (await Promise.race([training[0].cancelled.then(() => 'cancelled'), 'running'])),
      'running',
    )
    training[0]?.answer()
    await sweep.result()
    assert.deepEqual(statusesSent(plan.name), [])
  })

  it('while the sweep stops changes nothing: it ends as cancelled', async () => {
    const plan = tinySweep('resume-stopping', two, { concurrency: 1 })
    const { sweep, ending } = await whileStopping(plan)
    const closing = hold(plan.name, 'closeTracking')
    ending.answer()
    await closing.begun
    await sweep.signal(resumeSignal)
    await aMoment()
    closing.answer()
    await assertCancelled(sweep)
  })
})
