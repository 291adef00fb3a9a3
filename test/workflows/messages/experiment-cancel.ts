/** Cancellation of an experiment at every moment, its progress and its result. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client'
import { pauseSignal } from '../../../workflows/messages.js'
import {
  aMoment,
  assertCancelled,
  assertDone,
  endInMlflow,
  heldIn,
  outcomes,
  paused,
  recorded,
  renewed,
  short,
  stepByStep,
  stepOf,
  whileStopping,
} from './experiment-moments.js'
import { evaluationOf, reportOf } from './mocked-activities.js'
import { experimentProgress, mocked, suite, until } from './mocked-workers.js'

describe('a cancellation of an experiment', suite, () => {
  it('before its config is kept ends it and leaves what has its name alone', async () => {
    const { handle } = await heldIn(short('cancel-config'), 'freezeRun')
    await handle.cancel()
    await assertCancelled(handle)
    assert.deepEqual([recorded('cancel-config'), endInMlflow('cancel-config')], [[], []])
  })

  for (const [moment, activity, overrides] of [
    ['while the data is prepared', 'prepareData', {}],
    ['in the warm start', 'warmStart', {}],
    ['in an evaluation', 'evaluatePolicy', {}],
    ['in training', 'trainSteps', {}],
    ['between activities of the policy', 'scaleRewards', stepByStep],
    ['while it continues as new', 'trackProgress', renewed],
  ] as const) {
    it(`${moment} ends it there, and that is recorded`, async () => {
      const config = short(`cancel-${activity}`, overrides)
      const { handle } = await heldIn(config, activity)
      if (activity === 'trackProgress') await until('the first step', async () => (await stepOf(handle)) === 1)
      await handle.cancel()
      await assertCancelled(handle)
      assert.deepEqual(recorded(config.name), ['cancelled'])
      assert.deepEqual(endInMlflow(config.name), ['KILLED'])
    })
  }

  it('in a pause ends the pause', async () => {
    const { handle } = await heldIn(short('cancel-paused'), 'trainSteps')
    await handle.signal(pauseSignal)
    await paused(handle)
    await handle.cancel()
    await assertCancelled(handle)
    assert.deepEqual(recorded('cancel-paused'), ['cancelled'])
  })

  it('before a pause has taken hold ends it', async () => {
    const { handle, held } = await heldIn(short('cancel-pausing'), 'trainSteps', { ignoresCancellation: true })
    await handle.signal(pauseSignal)
    await held.cancelled
    await handle.cancel()
    held.answer()
    await assertCancelled(handle)
  })

  it('in a run that continued as new ends it', async () => {
    const config = short('cancel-renewed', renewed)
    const [first, second] = [1, 2].map(() => mocked.activities.hold(config.name, 'rollOut'))
    const handle = await mocked.startExperiment(config)
    first?.answer()
    await second?.begun
    assert.notEqual((await handle.describe()).runId, handle.firstExecutionRunId)
    await handle.cancel()
    await assertCancelled(handle)
    assert.deepEqual(endInMlflow(config.name), ['KILLED'])
  })

  it('while the report is written comes too late: the result stays, and the report is written', async () => {
    const { handle, held } = await heldIn(short('cancel-report'), 'publishReport')
    await handle.cancel()
    await aMoment()
    held.answer()
    await assertDone(handle)
    assert.equal((await handle.result()).reportPath, reportOf('cancel-report'))
  })

  it('while only MLflow is waited for shortens that wait: the result stays', async () => {
    const { handle } = await heldIn(short('cancel-tracking'), 'closeTracking')
    await handle.cancel()
    await assertDone(handle)
    assert.deepEqual(outcomes('cancel-tracking', 'closeTracking'), ['cancelled', 'answered'])
  })

  it('again while it stops changes nothing', async () => {
    const { handle, ending } = await whileStopping('cancel-twice')
    await handle.cancel()
    await aMoment()
    ending.answer()
    await assertCancelled(handle)
    assert.deepEqual(recorded('cancel-twice'), ['cancelled'])
  })

  it('after the end leaves it as it ended', async () => {
    const handle = await mocked.startExperiment(short('cancel-ended'))
    await handle.result()
    await handle.cancel().catch(error => assert.ok(error instanceof WorkflowNotFoundError))
    await assertDone(handle)
  })
})

describe('the progress of an experiment', suite, () => {
  it('tells its stage at each of them', async () => {
    const name = 'query-stages'
    const stages = [
      ['prepareData', 'prepare'],
      ['warmStart', 'warm start'],
      ['evaluatePolicy', 'evaluate'],
      ['trainSteps', 'train'],
      ['recordResult', 'report'],
    ] as const
    const held = stages.map(([activity]) => mocked.activities.hold(name, activity))
    const handle = await mocked.startExperiment(short(name))
    for (const [index, [, stage]] of stages.entries()) {
      await held[index]?.begun
      assert.equal((await experimentProgress(handle)).stage, stage)
      held[index]?.answer()
    }
    await handle.result()
    assert.deepEqual(await experimentProgress(handle), {
      ...{ name, arm: name, seed: 1, stage: 'done', state: 'done', step: 2, steps: 2, reward: 1, secondsLeft: 0 },
      ...{ acc: 0.5, hAcc: 0.6, expectedHAcc: 0.55, weights: 'f'.repeat(64), trackingUrl: `http://mlflow/${name}` },
    })
  })

  it('is carried to the next run when it continues as new', async () => {
    const { handle, held } = await heldIn(short('query-renewal', renewed), 'trackProgress')
    const before = await experimentProgress(handle)
    assert.equal(before.step, 1)
    const next = mocked.activities.hold('query-renewal', 'rollOut')
    held.answer()
    await next.begun
    const after = await experimentProgress(handle)
    assert.deepEqual([after.step, after.hAcc, after.reward], [before.step, before.hAcc, before.reward])
    next.answer()
    await assertDone(handle)
  })
})

describe('the result of an experiment', suite, () => {
  it('has no weights if nothing was trained', async () => {
    const handle = await mocked.startExperiment(short('no-weights', { steps: 0 }))
    const { weights, acc } = await handle.result()
    assert.deepEqual({ weights, acc }, { weights: null, acc: 0.5 })
  })

  it('has its figures from the store if it was complete before', async () => {
    const name = 'complete'
    mocked.activities.answer(name, 'freezeRun', { finished: { weights: 'a'.repeat(64), evaluation: evaluationOf(2) } })
    const result = await (await mocked.startExperiment(short(name))).result()
    assert.deepEqual([result.step, result.weights, result.hAcc], [2, 'a'.repeat(64), 0.6])
    assert.deepEqual(mocked.activities.policyCalls(name), [])
  })

  it('names its failure, and that is recorded', async () => {
    const { handle, held } = await heldIn(short('failing'), 'trainSteps')
    held.fail('the loss is not finite')
    await assert.rejects(handle.result(), WorkflowFailedError)
    const { state, failure } = await experimentProgress(handle)
    assert.deepEqual([state, failure], ['failed', 'the loss is not finite'])
    assert.deepEqual([recorded('failing'), endInMlflow('failing')], [['failed'], ['FAILED']])
  })
})
