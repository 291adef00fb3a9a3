/** Every message that a sweep takes, at every moment that matters, with mocked activities and real experiments as children. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowFailedError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import type { SweepPlan } from '../../pipelines/config/schema.js'
import { concurrencyUpdate, pauseSignal, resumeSignal, stopArmUpdate } from '../../workflows/messages.js'
import { heldSeed, showStart } from './held-start.js'
import type { ActivityName, HeldCall } from './mocked-activities.js'
import { experimentProgress, MockedWorkers, type Sweep, sweepProgress, until } from './mocked-workers.js'
import { shortest, tinySweep } from './tiny.js'

let mocked: MockedWorkers
before(async () => {
  mocked = await MockedWorkers.start()
})
after(() => mocked?.stop())

/** A machine that does other things too takes seconds for what takes a fraction of one. */
const suite = { concurrency: true, timeout: 120_000 }
const one = { a: shortest }
const two = { a: shortest, b: shortest }
const three = { a: shortest, b: shortest, c: shortest }
const idOf = ({ name }: SweepPlan, arm: string, seed = 1) => `${name}/${arm}/seed-${seed}`
const hold = (id: string, name: ActivityName) => mocked.activities.hold(id, name)
const statusOf = (id: string) => mocked.statusOf(id)
const calls = (id: string, name: ActivityName) => mocked.activities.calls(id, name)

const stopArm = (sweep: Sweep, arm: string) => sweep.executeUpdate(stopArmUpdate, { args: [arm] })
const setConcurrency = (sweep: Sweep, experiments: number) =>
  sweep.executeUpdate(concurrencyUpdate, { args: [experiments] })

const stateOf = async (sweep: Sweep) => (await sweepProgress(sweep)).state
/** In the order of the plan's start: `running` also stands for an experiment that has not begun. */
const statesOf = async (sweep: Sweep) => (await sweepProgress(sweep)).experiments.map(({ state }) => state)
/** For what must not happen: time for several workflow tasks and activities. */
const aMoment = () => sleep(700)

/** Begins a sweep, and waits until these experiments are in their training, in which they are held. */
async function inTraining(
  plan: SweepPlan,
  ...armsInTraining: string[]
): Promise<{ sweep: Sweep; training: HeldCall[] }> {
  const training = armsInTraining.map(arm => hold(idOf(plan, arm), 'trainSteps'))
  const sweep = await mocked.startSweep(plan)
  await Promise.all(training.map(({ begun }) => begun))
  return { sweep, training }
}

/** Begins a sweep whose first arm is done and whose second waits: an experiment of an earlier sweep has its id. */
async function waitingForId(plan: SweepPlan) {
  const stray = hold(idOf(plan, 'b'), 'warmStart')
  const earlier = await mocked.startStray(plan, { arm: 'b', seed: 1 })
  await stray.begun
  const sweep = await mocked.startSweep(plan)
  await until('the end of the first arm', async () => (await statesOf(sweep))[0] === 'done')
  await waitsForId(sweep)
  return { sweep, earlier, stray }
}

/** A sweep whose experiment could not start, because its id is taken, sets a timer and asks again. */
async function waitsForId(sweep: Sweep): Promise<void> {
  await until('the wait for the id', async () => {
    const { events } = await sweep.fetchHistory()
    return events?.some(({ timerStartedEventAttributes: timer }) => timer != null) === true
  })
}

/** Begins a sweep, and waits until its report is being written, in which it is held. */
async function inReport(plan: SweepPlan): Promise<{ sweep: Sweep; report: HeldCall }> {
  const report = hold(plan.name, 'publishReport')
  const sweep = await mocked.startSweep(plan)
  await report.begun
  return { sweep, report }
}

/** Begins a sweep and cancels it: its first experiment is held while it ends. */
async function whileStopping(plan: SweepPlan): Promise<{ sweep: Sweep; ending: HeldCall }> {
  const { sweep } = await inTraining(plan, 'a')
  const ending = hold(idOf(plan, 'a'), 'recordResult')
  await sweep.cancel()
  await ending.begun
  return { sweep, ending }
}

async function assertCancelled(sweep: Sweep): Promise<void> {
  await assert.rejects(sweep.result(), WorkflowFailedError)
  assert.equal(await statusOf(sweep.workflowId), 'CANCELLED')
  assert.equal(await stateOf(sweep), 'cancelled')
}

const statusesSent = (id: string) => calls(id, 'trackStatus').map(({ input }) => (input as { status: string }).status)
const endInMlflow = (id: string) => calls(id, 'closeTracking').map(({ input }) => (input as { status: string }).status)

describe('stopArm', suite, () => {
  it('before the plan is kept leaves the arm out', async () => {
    const plan = tinySweep('stop-early', two)
    const freeze = hold(plan.name, 'freezeRun')
    const sweep = await mocked.startSweep(plan)
    await freeze.begun
    await stopArm(sweep, 'b')
    freeze.answer()
    await sweep.result()
    assert.deepEqual(await statesOf(sweep), ['done', 'cancelled'])
    assert.equal(await statusOf(idOf(plan, 'b')), 'NOT FOUND')
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

describe('concurrency', suite, () => {
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

describe('pause', suite, () => {
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

describe('resume', suite, () => {
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

describe('cancel', suite, () => {
  it('before the plan is kept ends the sweep and leaves the MLflow run of this name alone', async () => {
    const plan = tinySweep('cancel-early', two)
    const freeze = hold(plan.name, 'freezeRun')
    const sweep = await mocked.startSweep(plan)
    await freeze.begun
    await sweep.cancel()
    await assertCancelled(sweep)
    assert.deepEqual(calls(plan.name, 'closeTracking'), [])
    assert.deepEqual(await statesOf(sweep), ['cancelled', 'cancelled'])
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

describe('moved', suite, () => {
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
    const early = await sweepProgress(sweep)
    assert.deepEqual(
      early.experiments.map(({ arm, stage, step }) => [arm, stage, step]),
      [
        ['a', 'prepare', 0],
        ['b', 'prepare', 0],
      ],
    )
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
    assert.deepEqual(await statesOf(sweep), ['cancelled', 'cancelled'])
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

/** Names of the signals that a workflow got, in the order of its history. */
async function signalsOf(handle: Pick<Sweep, 'fetchHistory'>): Promise<string[]> {
  const { events } = await handle.fetchHistory()
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName ?? [])
}
