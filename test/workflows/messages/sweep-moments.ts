/** Brings a sweep to a moment at which a test sends it a message, and looks at how it ended. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowFailedError } from '@temporalio/client'
import type { SweepPlan } from '../../../pipelines/config/schema.js'
import { concurrencyUpdate, stopArmUpdate } from '../../../workflows/messages.js'
import { shortest } from '../tiny.js'
import type { ActivityName, HeldCall } from './mocked-activities.js'
import { mocked, type Sweep, sweepProgress, until } from './mocked-workers.js'

export const one = { a: shortest }
export const two = { a: shortest, b: shortest }
export const three = { a: shortest, b: shortest, c: shortest }
export const idOf = ({ name }: SweepPlan, arm: string, seed = 1) => `${name}/${arm}/seed-${seed}`
export const hold = (id: string, name: ActivityName) => mocked.activities.hold(id, name)
export const statusOf = (id: string) => mocked.statusOf(id)
export const calls = (id: string, name: ActivityName) => mocked.activities.calls(id, name)

export const stopArm = (sweep: Sweep, arm: string) => sweep.executeUpdate(stopArmUpdate, { args: [arm] })
/** Sends the update, and does not wait until it has taken effect. */
export const beginToStopArm = (sweep: Sweep, arm: string) =>
  sweep.startUpdate(stopArmUpdate, { args: [arm], waitForStage: 'ACCEPTED' })
export const setConcurrency = (sweep: Sweep, experiments: number) =>
  sweep.executeUpdate(concurrencyUpdate, { args: [experiments] })

export const stateOf = async (sweep: Sweep) => (await sweepProgress(sweep)).state
/** In the order of the plan's start: `running` also stands for an experiment that has not begun. */
export const statesOf = async (sweep: Sweep) => (await sweepProgress(sweep)).experiments.map(({ state }) => state)
/** For what must not happen: time for several workflow tasks and activities. */
export const aMoment = () => sleep(700)

/** Begins a sweep, and waits until these experiments are in their training, in which they are held. */
export async function inTraining(
  plan: SweepPlan,
  ...armsInTraining: string[]
): Promise<{ sweep: Sweep; training: HeldCall[] }> {
  const training = armsInTraining.map(arm => hold(idOf(plan, arm), 'trainSteps'))
  const sweep = await mocked.startSweep(plan)
  await Promise.all(training.map(({ begun }) => begun))
  return { sweep, training }
}

/** Begins a sweep whose first arm is done and whose second waits: an experiment of an earlier sweep has its id. */
export async function waitingForId(plan: SweepPlan) {
  const stray = hold(idOf(plan, 'b'), 'warmStart')
  const earlier = await mocked.startStray(plan, { arm: 'b', seed: 1 })
  await stray.begun
  const sweep = await mocked.startSweep(plan)
  await until('the end of the first arm', async () => (await statesOf(sweep))[0] === 'done')
  await waitsForId(sweep)
  return { sweep, earlier, stray }
}

/** A sweep whose experiment could not start, because its id is taken, sets a timer and asks again. */
export async function waitsForId(sweep: Sweep): Promise<void> {
  await until('the wait for the id', async () => {
    const { events } = await sweep.fetchHistory()
    return events?.some(({ timerStartedEventAttributes: timer }) => timer != null) === true
  })
}

/** Begins a sweep, and waits until its report is being written, in which it is held. */
export async function inReport(plan: SweepPlan): Promise<{ sweep: Sweep; report: HeldCall }> {
  const report = hold(plan.name, 'publishReport')
  const sweep = await mocked.startSweep(plan)
  await report.begun
  return { sweep, report }
}

/** Begins a sweep and cancels it: its first experiment is held while it ends. */
export async function whileStopping(plan: SweepPlan): Promise<{ sweep: Sweep; ending: HeldCall }> {
  const { sweep } = await inTraining(plan, 'a')
  const ending = hold(idOf(plan, 'a'), 'recordResult')
  await sweep.cancel()
  await ending.begun
  return { sweep, ending }
}

export async function assertCancelled(sweep: Sweep): Promise<void> {
  await assert.rejects(sweep.result(), WorkflowFailedError)
  assert.equal(await statusOf(sweep.workflowId), 'CANCELLED')
  assert.equal(await stateOf(sweep), 'cancelled')
}

export const statusesSent = (id: string) =>
  calls(id, 'trackStatus').map(({ input }) => (input as { status: string }).status)
export const endInMlflow = (id: string) =>
  calls(id, 'closeTracking').map(({ input }) => (input as { status: string }).status)

/** Names of the signals that a workflow got, in the order of its history. */
export async function signalsOf(handle: Pick<Sweep, 'fetchHistory'>): Promise<string[]> {
  const { events } = await handle.fetchHistory()
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName ?? [])
}
