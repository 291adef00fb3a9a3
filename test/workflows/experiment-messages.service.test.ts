/** Every message that an experiment takes, at every moment that matters, with mocked activities. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { pauseSignal, resumeSignal } from '../../workflows/messages.js'
import { type ActivityName, evaluationOf, type HeldCall, reportOf } from './mocked-activities.js'
import { type Experiment, experimentProgress, MockedWorkers, until } from './mocked-workers.js'
import { shortest, tinyConfig } from './tiny.js'

let mocked: MockedWorkers
before(async () => {
  mocked = await MockedWorkers.start()
})
after(() => mocked?.stop())

/** A machine that does other things too takes seconds for what takes a fraction of one. */
const suite = { concurrency: true, timeout: 120_000 }
/** Rollout, rewards and update of a step as activities of their own. */
const stepByStep = { durability: { stepsPerActivity: 1 } }
/** A new run of the workflow after each step. */
const renewed = { durability: { stepsPerActivity: 1, maxHistoryEvents: 1 } }
const short = (name: string, overrides: Parameters<typeof tinyConfig>[1] = {}) =>
  tinyConfig(name, { ...shortest, ...overrides })

const calls = (id: string, name: ActivityName) => mocked.activities.calls(id, name)
const outcomes = (id: string, name: ActivityName) => calls(id, name).map(({ outcome }) => outcome)
const recorded = (id: string) => calls(id, 'recordResult').map(({ input }) => (input as { state: string }).state)
const endInMlflow = (id: string) => calls(id, 'closeTracking').map(({ input }) => (input as { status: string }).status)
const statusesSent = (id: string) => calls(id, 'trackStatus').map(({ input }) => (input as { status: string }).status)
const stateOf = async (handle: Experiment) => (await experimentProgress(handle)).state
/** For what must not happen: time for several workflow tasks and activities. */
const aMoment = () => sleep(700)

/** Begins an experiment, and waits until it is in this activity, in which it is held. */
async function heldIn(
  config: ExperimentConfig,
  name: ActivityName,
  options?: { ignoresCancellation?: boolean },
): Promise<{ handle: Experiment; held: HeldCall }> {
  const held = mocked.activities.hold(config.name, name, options)
  const handle = await mocked.startExperiment(config)
  await held.begun
  return { handle, held }
}

/** Begins an experiment and cancels it: it is held while it ends. */
async function whileStopping(name: string): Promise<{ handle: Experiment; ending: HeldCall }> {
  const { handle } = await heldIn(short(name), 'trainSteps')
  const ending = mocked.activities.hold(name, 'recordResult')
  await handle.cancel()
  await ending.begun
  return { handle, ending }
}

async function paused(handle: Experiment): Promise<void> {
  await until('the pause', async () => (await stateOf(handle)) === 'paused')
}

/** By whatever way: it ends with the result of one that nothing disturbed. */
async function assertDone(handle: Experiment): Promise<void> {
  assert.equal((await handle.result()).step, 2)
  assert.equal(await stateOf(handle), 'done')
  assert.deepEqual(recorded(handle.workflowId), ['done'])
  assert.deepEqual(endInMlflow(handle.workflowId).at(-1), 'FINISHED')
}

async function assertCancelled(handle: Experiment): Promise<void> {
  await assert.rejects(handle.result(), WorkflowFailedError)
  assert.equal(await mocked.statusOf(handle.workflowId), 'CANCELLED')
  assert.equal(await stateOf(handle), 'cancelled')
}

describe('pause', suite, () => {
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

describe('resume', suite, () => {
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

describe('cancel', suite, () => {
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

async function stepOf(handle: Experiment): Promise<number> {
  return (await experimentProgress(handle)).step
}
