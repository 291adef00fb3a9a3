/** The same experiment, cut, renewed, killed, damaged, paused and cancelled: the same bits. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowFailedError } from '@temporalio/client'
import { experimentPaths, runFolder, stepName } from '../../../activities/store/runs/run-folder.js'
import { readMetrics, readResult } from '../../../activities/store/runs/runs.js'
import { pauseSignal, resumeSignal } from '../../../workflows/messages.js'
import { until } from '../at-work.js'
import { tinyConfig } from '../tiny.js'
import {
  expected,
  mlflow,
  optimizerBytes,
  progressOf,
  replacePolicyWorker,
  run,
  services,
  start,
  trackedRuns,
  undisturbed,
} from './on-services.js'

describe('the same bits', () => {
  it('with rollout, reward and update as separate activities', async () => {
    const config = tinyConfig('apart', { durability: { stepsPerActivity: 1, heartbeatTimeout: 3 } })
    assert.equal((await run(config)).weights, expected.weights)
    assert.deepEqual(optimizerBytes('apart', 6), expected.optimizer)
  })

  it('with an activity for each step', async () => {
    const durability = { stepsPerActivity: 1, separateStages: false, heartbeatTimeout: 3 }
    assert.equal((await run(tinyConfig('each', { durability }))).weights, expected.weights)
    assert.deepEqual(optimizerBytes('each', 6), expected.optimizer)
    const { events } = await services.client.workflow.getHandle('each').fetchHistory()
    const scheduled = events?.flatMap(event => event.activityTaskScheduledEventAttributes?.activityType?.name ?? [])
    assert.equal(scheduled?.filter(name => name === 'trainSteps').length, 6)
    assert.ok(!scheduled?.includes('rollOut'))
  })

  it('with a checkpoint at every step, and through several workflows that continue as new', async () => {
    const config = tinyConfig('renewed', {
      checkpoint: { everySteps: 1 },
      durability: { stepsPerActivity: 1, heartbeatTimeout: 3, maxHistoryEvents: 40 },
    })
    const handle = await start(config)
    assert.equal((await handle.result()).weights, expected.weights)
    assert.notEqual((await handle.describe()).runId, handle.firstExecutionRunId)
    const [tracked, ...others] = await trackedRuns('renewed')
    assert.equal(others.length, 0)
    const history = await mlflow.getMetricHistory(tracked?.info.run_id ?? '', 'reward/mean')
    assert.deepEqual(
      history.map(({ step }) => step).sort((a, b) => a - b),
      [1, 2, 3, 4, 5, 6],
    )
  })

  it('after the policy worker was killed in the middle, nothing sampled twice', async () => {
    const handle = await start(tinyConfig('killed', { durability: { stepsPerActivity: 1, heartbeatTimeout: 3 } }))
    const rollouts = join(runFolder(services.path, 'killed'), 'rollouts')
    await until('the second rollout', () => filesIn(rollouts).length >= 2)
    const sampled = filesIn(rollouts).map(name => [name, readFileSync(join(rollouts, name), 'utf8')] as const)
    assert.ok(sampled.length < 6, 'there is still something to train')
    await replacePolicyWorker()
    assert.equal((await handle.result()).weights, expected.weights)
    assert.deepEqual(optimizerBytes('killed', 6), expected.optimizer)
    for (const [name, text] of sampled) assert.equal(readFileSync(join(rollouts, name), 'utf8'), text)
    const [tracked, ...others] = await trackedRuns('killed')
    assert.equal(others.length, 0)
    assert.equal((await mlflow.getMetricHistory(tracked?.info.run_id ?? '', 'reward/mean')).length, 6)
  })

  it('resumed from its journal where the newest checkpoint and a rollout were damaged', async () => {
    const folder = runFolder(services.path, 'undisturbed')
    const before = readMetrics(services.path, 'undisturbed')
    const model = join(experimentPaths.checkpoints(folder), stepName(6), 'model.safetensors')
    const bytes = readFileSync(model)
    bytes[bytes.length - 5] = (bytes[bytes.length - 5] as number) ^ 1
    writeFileSync(model, bytes)
    const rollout = experimentPaths.rollout(folder, 5)
    writeFileSync(rollout, readFileSync(rollout).subarray(0, 200))
    // The worker that holds the policy in memory would not need either.
    await replacePolicyWorker()

    assert.equal((await run(undisturbed)).weights, expected.weights)
    assert.ok(readdirSync(experimentPaths.checkpoints(folder)).includes('step-000006.damaged-1'))
    assert.deepEqual(readMetrics(services.path, 'undisturbed'), before, 'no step is stamped again')
  })
})

const filesIn = (folder: string) => {
  try {
    return readdirSync(folder).filter(name => name.endsWith('.json'))
  } catch {
    // Not made yet.
    return []
  }
}

describe('messages', () => {
  it('pause stops between activities too, resume goes on, and the weights are the same', async () => {
    const handle = await start(tinyConfig('paused', { durability: { stepsPerActivity: 1, heartbeatTimeout: 3 } }))
    await until('the first step', async () => (await progressOf(handle)).step >= 1)
    await handle.signal(pauseSignal)
    await until('the pause', async () => (await progressOf(handle)).state === 'paused')
    const { step } = await progressOf(handle)
    await sleep(1000)
    assert.equal((await progressOf(handle)).step, step)
    assert.deepEqual((await handle.describe()).searchAttributes['RlevStage'], ['paused'])
    await handle.signal(resumeSignal)
    assert.equal((await handle.result()).weights, expected.weights)
  })

  it('cancel ends it as such everywhere, and starting it again goes on from where it was', async () => {
    const config = tinyConfig('cancelled', { durability: { stepsPerActivity: 1, heartbeatTimeout: 3 } })
    const handle = await start(config)
    await until('the second step', async () => (await progressOf(handle)).step >= 2)
    await handle.cancel()
    await assert.rejects(handle.result(), WorkflowFailedError)
    assert.equal((await handle.describe()).status.name, 'CANCELLED')
    assert.equal(readResult(services.path, 'cancelled')?.state, 'cancelled')
    assert.equal((await trackedRuns('cancelled'))[0]?.info.status, 'KILLED')

    const kept = readMetrics(services.path, 'cancelled')
    assert.equal((await run(config)).weights, expected.weights)
    assert.deepEqual(readMetrics(services.path, 'cancelled').slice(0, kept.length), kept)
    const [tracked, ...others] = await trackedRuns('cancelled')
    assert.equal(others.length, 0)
    assert.equal(tracked?.info.status, 'FINISHED')
    assert.equal((await mlflow.getMetricHistory(tracked?.info.run_id ?? '', 'reward/mean')).length, 6)
  })
})
