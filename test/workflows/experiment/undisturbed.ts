/** An experiment from its data to its report: what it leaves in the store, in MLflow and in Temporal. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { WorkflowFailedError } from '@temporalio/client'
import { readOutcomes } from '../../../activities/store/runs/outcomes.js'
import { readMetrics, readResult } from '../../../activities/store/runs/runs.js'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import { tinyConfig } from '../tiny.js'
import { expectBits, expected, mlflow, optimizerBytes, run, services, trackedRuns, undisturbed } from './on-services.js'

describe('an experiment', () => {
  it('goes from its data to its report, and everything of it is in the store', async () => {
    const result = await run(undisturbed)
    assert.ok(result.weights)
    expectBits({ weights: result.weights, optimizer: optimizerBytes('undisturbed', 6) })
    assert.match(result.weights, /^[0-9a-f]{64}$/)
    assert.equal(result.trackingFailure, undefined)

    const [outcome] = readOutcomes(services.path, 'undisturbed')
    assert.ok(outcome)
    assert.equal(outcome.state, 'done')
    assert.equal(outcome.weights, result.weights)
    assert.deepEqual(
      outcome.metrics.map(({ step }) => step),
      [1, 2, 3, 4, 5, 6],
    )
    assert.deepEqual(
      outcome.evaluations.map(({ step }) => step),
      [0, 3, 6],
    )
    assert.ok(outcome.valueStatistics)
    const updates = outcome.metrics.filter(({ values }) => values['update/skipped'] === 0)
    assert.ok(updates.length >= 4, 'most updates change the weights, or equal weights would say nothing')
    assert.match(readFileSync(join(services.path, result.reportPath ?? ''), 'utf8'), /<html/)
  })

  it('has one run in MLflow: finished, its histories without gaps or doubles, its artifacts and words', async () => {
    const [tracked, ...others] = await trackedRuns('undisturbed')
    assert.equal(others.length, 0)
    assert.ok(tracked)
    assert.equal(tracked.info.status, 'FINISHED')
    for (const key of ['reward/mean', 'verdict/correct']) {
      const history = await mlflow.getMetricHistory(tracked.info.run_id, key)
      assert.deepEqual(
        history.map(({ step }) => step).sort((a, b) => a - b),
        [1, 2, 3, 4, 5, 6],
        key,
      )
    }
    const evaluations = await mlflow.getMetricHistory(tracked.info.run_id, 'eval/h_acc')
    assert.deepEqual(
      evaluations.map(({ step }) => step).sort((a, b) => a - b),
      [0, 3, 6],
    )
    assert.equal((await mlflow.getMetricHistory(tracked.info.run_id, 'final/h_acc'))[0]?.step, 0)
    assert.equal(tracked.data.params?.find(({ key }) => key === 'reward.alpha')?.value, '10')
    assert.match(tracked.data.tags?.find(({ key }) => key === 'mlflow.note.content')?.value ?? '', /H-Acc/)
    assert.equal((await mlflow.getRun(tracked.info.run_id)).inputs?.dataset_inputs?.length, 2)
    const frozen = JSON.parse(
      Buffer.from(await mlflow.downloadArtifact(tracked, 'config.json')).toString(),
    ) as ExperimentConfig
    assert.equal(frozen.name, 'undisturbed')
  })

  it('reads as an experiment in the list of workflows', async () => {
    const { searchAttributes, status } = await services.client.workflow.getHandle('undisturbed').describe()
    const { RlevArm, RlevStage, RlevStep, RlevEstimator, RlevHAcc } = searchAttributes
    assert.equal(status.name, 'COMPLETED')
    assert.deepEqual([RlevArm, RlevStage, RlevStep, RlevEstimator], [['undisturbed'], ['done'], [6], ['rloo']])
    assert.equal(typeof RlevHAcc?.[0], 'number')
  })

  it('started again skips what is there: nothing is made again and no point is sent twice', async () => {
    const times = () => readMetrics(services.path, 'undisturbed').map(({ time }) => time)
    const before = times()
    const ended = (await trackedRuns('undisturbed'))[0]?.info.end_time
    assert.equal((await run(undisturbed)).weights, expected.weights)
    assert.deepEqual(times(), before)
    const [tracked, ...others] = await trackedRuns('undisturbed')
    assert.equal(others.length, 0)
    assert.equal(tracked?.info.status, 'FINISHED')
    assert.equal(tracked?.info.end_time, ended, 'it ended when it did')
    assert.equal((await mlflow.getMetricHistory(tracked?.info.run_id ?? '', 'reward/mean')).length, 6)
  })

  it('is refused under its old name when its config has changed, with the difference', async () => {
    const changed = tinyConfig('undisturbed', { update: { learningRate: 2e-3 } })
    await assert.rejects(run(changed), (error: unknown) => {
      const cause = error instanceof WorkflowFailedError ? error.cause?.cause : undefined
      assert.match(String(cause), /update\.learningRate = 0\.001[\s\S]*update\.learningRate = 0\.002/)
      return true
    })
    // The refusal leaves the finished run as it was.
    assert.equal(readResult(services.path, 'undisturbed')?.weights, expected.weights)
  })
})
