/** Pause and resume of an experiment at every moment. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WorkflowNotFoundError } from '@temporalio/client'
import { pauseSignal, resumeSignal } from '../../../workflows/messages.js'
import {
  aMoment,
  assertCancelled,
  assertDone,
  calls,
  heldIn,
  outcomes,
  paused,
  renewed,
  short,
  stateOf,
  statusesSent,
  stepByStep,
  whileStopping,
} from './experiment-moments.js'
import { experimentProgress, mocked, suite, until } from './mocked-workers.js'

describe('a pause of an experiment', suite, () => {
  it('while the data is prepared takes hold before the warm start', async () => {
    const { handle, held } = await heldIn(short('pause-data'), 'prepareData')
    await handle.signal(pauseSignal)
    held.answer()
    await paused(handle)
    assert.deepEqual(outcomes('pause-data', 'prepareData'), ['answered'])
    assert.deepEqual(mocked.activities.policyCalls('pause-data'), [])
    await handle.signal(resumeSignal)
    await assertDone(handle)
  })

  it('in an activity of the policy ends it, shows in MLflow, and begins it again at resume', async () => {
    const { handle } = await heldIn(short('pause-training'), 'trainSteps')
    await handle.signal(pauseSignal)
    await paused(handle)
    assert.deepEqual(outcomes('pause-training', 'trainSteps'), ['cancelled'])
    await until('the status in MLflow', () => statusesSent('pause-training').length === 1)
    await handle.signal(resumeSignal)
    await assertDone(handle)
    assert.deepEqual(outcomes('pause-training', 'trainSteps'), ['cancelled', 'answered'])
    assert.deepEqual(statusesSent('pause-training'), ['SCHEDULED', 'RUNNING'])
  })

  it('in an activity that answers all the same takes its answer', async () => {
    const { handle, held } = await heldIn(short('pause-late'), 'trainSteps', { ignoresCancellation: true })
    await handle.signal(pauseSignal)
    await held.cancelled
    held.answer()
    await paused(handle)
    assert.equal((await experimentProgress(handle)).step, 2)
    await handle.signal(resumeSignal)
    await assertDone(handle)
    assert.equal(calls('pause-late', 'trainSteps').length, 1)
  })

  it('between activities of the policy holds back the next', async () => {
    const { handle, held } = await heldIn(short('pause-between', stepByStep), 'scaleRewards')
    await handle.signal(pauseSignal)
    held.answer()
    await paused(handle)
    assert.equal(calls('pause-between', 'updatePolicy').length, 0)
    await handle.signal(resumeSignal)
    await assertDone(handle)
  })

  it('in the verdicts of an evaluation ends them, and both parts are passed again at resume', async () => {
    const { handle } = await heldIn(short('pause-verdicts', { steps: 0 }), 'evaluateAnswers')
    await handle.signal(pauseSignal)
    await paused(handle)
    await handle.signal(resumeSignal)
    await handle.result()
    assert.deepEqual(outcomes('pause-verdicts', 'answerItems'), ['answered', 'answered'])
    assert.deepEqual(outcomes('pause-verdicts', 'evaluateAnswers'), ['cancelled', 'answered'])
  })

  it('again in a pause changes nothing', async () => {
    const { handle } = await heldIn(short('pause-twice'), 'trainSteps')
    await handle.signal(pauseSignal)
    await paused(handle)
    await handle.signal(pauseSignal)
    await aMoment()
    assert.equal(await stateOf(handle), 'paused')
    await handle.signal(resumeSignal)
    await assertDone(handle)
    assert.deepEqual(statusesSent('pause-twice'), ['SCHEDULED', 'RUNNING'])
  })

  it('while it continues as new is kept in the new run', async () => {
    const { handle, held } = await heldIn(short('pause-renewal', renewed), 'trackProgress')
    await handle.signal(pauseSignal)
    held.answer()
    await paused(handle)
    const { runId } = await handle.describe()
    assert.notEqual(runId, handle.firstExecutionRunId)
    assert.equal(calls('pause-renewal', 'rollOut').length, 1)
    await handle.signal(resumeSignal)
    await assertDone(handle)
  })

  it('while the report is written does not keep it from its end', async () => {
    const { handle, held } = await heldIn(short('pause-report'), 'publishReport')
    await handle.signal(pauseSignal)
    held.answer()
    await assertDone(handle)
  })

  it('while only MLflow is waited for does not keep it from its end', async () => {
    const { handle, held } = await heldIn(short('pause-tracking'), 'closeTracking')
    await handle.signal(pauseSignal)
    held.answer()
    await assertDone(handle)
  })

  it('while it stops changes nothing: it ends as cancelled', async () => {
    const { handle, ending } = await whileStopping('pause-stopping')
    await handle.signal(pauseSignal)
    await aMoment()
    ending.answer()
    await assertCancelled(handle)
  })

  it('after the end is refused, as is resume', async () => {
    const handle = await mocked.startExperiment(short('pause-ended'))
    await handle.result()
    await assert.rejects(handle.signal(pauseSignal), WorkflowNotFoundError)
    await assert.rejects(handle.signal(resumeSignal), WorkflowNotFoundError)
  })
})

describe('the resume of an experiment', suite, () => {
  it('without a pause changes nothing', async () => {
    const { handle, held } = await heldIn(short('resume-training'), 'trainSteps')
    await handle.signal(resumeSignal)
    await aMoment()
    assert.deepEqual(outcomes('resume-training', 'trainSteps'), ['running'])
    held.answer()
    await assertDone(handle)
    assert.deepEqual(statusesSent('resume-training'), [])
  })

  it('before the pause has taken hold begins the activity again without a wait', async () => {
    const { handle } = await heldIn(short('resume-early'), 'trainSteps')
    await handle.signal(pauseSignal)
    await handle.signal(resumeSignal)
    await assertDone(handle)
    assert.deepEqual(outcomes('resume-early', 'trainSteps'), ['cancelled', 'answered'])
    assert.deepEqual(statusesSent('resume-early'), [])
  })

  it('while it continues as new ends the pause that came before it', async () => {
    const { handle, held } = await heldIn(short('resume-renewal', renewed), 'trackProgress')
    await handle.signal(pauseSignal)
    await handle.signal(resumeSignal)
    held.answer()
    await assertDone(handle)
    assert.deepEqual(statusesSent('resume-renewal'), [])
  })

  it('while it stops changes nothing: it ends as cancelled', async () => {
    const { handle, ending } = await whileStopping('resume-stopping')
    await handle.signal(resumeSignal)
    await aMoment()
    ending.answer()
    await assertCancelled(handle)
  })
})
