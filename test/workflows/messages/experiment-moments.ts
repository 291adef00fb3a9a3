/** Brings an experiment to a moment at which a test sends it a message, and looks at how it ended. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowFailedError } from '@temporalio/client'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import { shortest, tinyConfig } from '../tiny.js'
import type { ActivityName, HeldCall } from './mocked-activities.js'
import { type Experiment, experimentProgress, mocked, until } from './mocked-workers.js'

/** Rollout, rewards and update of a step as separate activities. */
export const stepByStep = { durability: { stepsPerActivity: 1, heartbeatTimeout: 60 } }
/** A new run of the workflow after each step. */
export const renewed = { durability: { stepsPerActivity: 1, heartbeatTimeout: 60, maxHistoryEvents: 1 } }
export const short = (name: string, overrides: Parameters<typeof tinyConfig>[1] = {}) =>
  tinyConfig(name, { ...shortest, ...overrides })

export const calls = (id: string, name: ActivityName) => mocked.activities.calls(id, name)
export const outcomes = (id: string, name: ActivityName) => calls(id, name).map(({ outcome }) => outcome)
export const recorded = (id: string) => calls(id, 'recordResult').map(({ input }) => (input as { state: string }).state)
export const endInMlflow = (id: string) =>
  calls(id, 'closeTracking').map(({ input }) => (input as { status: string }).status)
export const statusesSent = (id: string) =>
  calls(id, 'trackStatus').map(({ input }) => (input as { status: string }).status)
export const stateOf = async (handle: Experiment) => (await experimentProgress(handle)).state
/** For what must not happen: time for several workflow tasks and activities. */
export const aMoment = () => sleep(700)

/** Begins an experiment, and waits until it is in this activity, in which it is held. */
export async function heldIn(
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
export async function whileStopping(name: string): Promise<{ handle: Experiment; ending: HeldCall }> {
  const { handle } = await heldIn(short(name), 'trainSteps')
  const ending = mocked.activities.hold(name, 'recordResult')
  await handle.cancel()
  await ending.begun
  return { handle, ending }
}

export async function paused(handle: Experiment): Promise<void> {
  await until('the pause', async () => (await stateOf(handle)) === 'paused')
}

/** By whatever way: it ends with the result of one that nothing disturbed. */
export async function assertDone(handle: Experiment): Promise<void> {
  assert.equal((await handle.result()).step, 2)
  assert.equal(await stateOf(handle), 'done')
  assert.deepEqual(recorded(handle.workflowId), ['done'])
  assert.deepEqual(endInMlflow(handle.workflowId).at(-1), 'FINISHED')
}

export async function assertCancelled(handle: Experiment): Promise<void> {
  await assert.rejects(handle.result(), WorkflowFailedError)
  assert.equal(await mocked.statusOf(handle.workflowId), 'CANCELLED')
  assert.equal(await stateOf(handle), 'cancelled')
}

export async function stepOf(handle: Experiment): Promise<number> {
  return (await experimentProgress(handle)).step
}
