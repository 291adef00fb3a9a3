/** Messages that wait for the first task of a workflow, because no worker had one for it before: they count in the order in which they were sent. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { WorkflowHandle } from '@temporalio/client'
import { pauseSignal, resumeSignal } from '../../../workflows/messages.js'
import { tinySweep } from '../tiny.js'
import { aMoment, assertDone, calls, paused, short } from './experiment-moments.js'
import { mocked, type Sweep, suite, until } from './mocked-workers.js'
import { endInMlflow, idOf, one, stateOf, statusOf } from './sweep-moments.js'

/** The last one counts. */
async function pausedTwice(handle: WorkflowHandle): Promise<void> {
  for (const signal of [pauseSignal, resumeSignal, pauseSignal]) await handle.signal(signal)
}

async function assertPausedUntilResumed(sweep: Sweep, experiment: string): Promise<void> {
  await until('the pause', async () => (await stateOf(sweep)) === 'paused')
  await aMoment()
  assert.equal(await statusOf(experiment), 'NOT FOUND')
  await sweep.signal(resumeSignal)
  await sweep.result()
  assert.deepEqual(endInMlflow(sweep.workflowId), ['FINISHED'])
}

describe('messages before the first task', suite, () => {
  it('pause an experiment', async () => {
    const handle = await mocked.startExperiment(short('late-experiment'), 'late-experiment')
    await pausedTwice(handle)
    await mocked.serve('late-experiment')
    await paused(handle)
    assert.equal(calls('late-experiment', 'trainSteps').length, 0)
    await handle.signal(resumeSignal)
    await assertDone(handle)
  })

  it('pause a sweep', async () => {
    const plan = tinySweep('late-sweep', one)
    const sweep = await mocked.startSweep(plan, 'late-sweep')
    await pausedTwice(sweep)
    await mocked.serve('late-sweep')
    await assertPausedUntilResumed(sweep, idOf(plan, 'a'))
  })

  it('pause a sweep in batches', async () => {
    const plan = tinySweep('late-batches', one)
    const sweep = await mocked.startLargeSweep(plan, { cells: 1 }, 'late-batches')
    await pausedTwice(sweep)
    await mocked.serve('late-batches')
    await assertPausedUntilResumed(sweep, idOf(plan, 'a'))
  })

  it('that no workflow knows are ignored', async () => {
    const handle = await mocked.startExperiment(short('late-unknown'), 'late-unknown')
    await handle.signal('no-such-signal')
    await mocked.serve('late-unknown')
    await assertDone(handle)
  })
})
