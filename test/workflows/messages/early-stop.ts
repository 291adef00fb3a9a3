/** An experiment that ends early: what it records, and that it decides the same after it continued as new. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import { calls, endInMlflow, outcomes, short } from './experiment-moments.js'
import { experimentProgress, mocked, suite } from './mocked-workers.js'

/** The mocked evaluations are all the same, so the first ones after the base do not rise. */
const early = (name: string, durability: Partial<ExperimentConfig['durability']> = {}) =>
  short(name, {
    steps: 8,
    evaluation: { every: 2, earlyStop: { metric: 'h-acc', patience: 2, minChange: 0 } },
    checkpoint: { everySteps: 8 },
    durability: { stepsPerActivity: 8, heartbeatTimeout: 60, ...durability },
  })

const recordedStop = (name: string) =>
  calls(name, 'recordResult').map(({ input }) => (input as { stopped?: unknown }).stopped)

const sentence = 'ended early at step 4 of 8: h-acc did not rise above 60.0 (step 0) in 2 evaluations'

describe('an early stop', suite, () => {
  it('ends training complete, with the weights of its last step, and says why', async () => {
    const handle = await mocked.startExperiment(early('early'))
    const result = await handle.result()
    assert.deepEqual([result.step, result.weights, result.stoppedEarly], [4, 'f'.repeat(64), sentence])
    assert.deepEqual(
      calls('early', 'evaluatePolicy').map(({ input }) => (input as { step: number }).step),
      [0, 2, 4],
    )
    assert.deepEqual(
      calls('early', 'recordResult').map(({ input }) => input),
      [
        {
          ...{ run: 'early', state: 'done', step: 4, weights: 'f'.repeat(64) },
          stopped: { step: 4, metric: 'h-acc', best: { step: 0, value: 0.6 }, evaluations: 2 },
        },
      ],
    )
    const progress = await experimentProgress(handle)
    assert.deepEqual([progress.state, progress.step, progress.steps, progress.stoppedEarly], ['done', 4, 8, sentence])
    assert.deepEqual(endInMlflow('early'), ['FINISHED'])
    assert.deepEqual(outcomes('early', 'publishReport').at(-1), 'answered')
  })

  it('comes at the same step after the workflow continued as new between the evaluations', async () => {
    const handle = await mocked.startExperiment(early('early-renewed', { stepsPerActivity: 1, maxHistoryEvents: 1 }))
    const result = await handle.result()
    assert.deepEqual([result.step, result.stoppedEarly], [4, sentence])
    assert.notEqual((await handle.describe()).runId, handle.firstExecutionRunId)
    assert.equal(calls('early-renewed', 'updatePolicy').length, 4)
  })

  it('does not come at the last step', async () => {
    const name = 'early-last'
    // Its second evaluation after the base is that of its last step.
    const handle = await mocked.startExperiment({ ...early(name), steps: 4 })
    const result = await handle.result()
    assert.deepEqual([result.step, result.stoppedEarly], [4, undefined])
    assert.deepEqual(recordedStop(name), [undefined])
  })

  it('is not trained again when the experiment is started again', async () => {
    const name = 'early-again'
    const stopped = { step: 4, metric: 'h-acc', best: { step: 0, value: 0.6 }, evaluations: 2 }
    const evaluation = { step: 4, acc: 0.5, hAcc: 0.6, expectedAcc: 0.5, expectedHAcc: 0.55, length: 3 }
    mocked.activities.answer(name, 'freezeRun', { finished: { weights: 'e'.repeat(64), evaluation, stopped } })
    const handle = await mocked.startExperiment(early(name))
    const result = await handle.result()
    assert.deepEqual([result.step, result.weights, result.stoppedEarly], [4, 'e'.repeat(64), sentence])
    assert.deepEqual(calls(name, 'trainSteps'), [])
    assert.deepEqual(recordedStop(name), [stopped])
  })
})
