/** Sweeps to their end: whole ones, and those in which an arm fails. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { WorkflowFailedError } from '@temporalio/client'
import type { Run } from '../../../activities/mlflow/types.js'
import { readEvaluations } from '../../../activities/store/runs/runs.js'
import { progressQuery, type SweepProgress } from '../../../workflows/messages.js'
import { tinySweep } from '../tiny.js'
import { expected, mlflow, services, startSweep, trackedRuns } from './on-services.js'

describe('a sweep', () => {
  it('compares its arms with a run each inside its own, from one warm start a seed', async () => {
    const plan = tinySweep('pair', { correctness: { reward: { scale: 'correctness' } }, human: {} }, { seeds: [1, 2] })
    const handle = await startSweep(plan)
    const result = await handle.result()
    assert.deepEqual(
      result.experiments.map(({ arm, seed, state }) => [arm, seed, state]),
      [
        ['correctness', 1, 'done'],
        ['correctness', 2, 'done'],
        ['human', 1, 'done'],
        ['human', 2, 'done'],
      ],
    )
    assert.equal(new Set(result.experiments.map(({ weights }) => weights)).size, 4)

    const runs = await trackedRuns('pair')
    assert.equal(runs.length, 5)
    for (const tracked of runs) assert.equal(tracked.info.status, 'FINISHED')
    const parent = runs.find(tracked => tracked.info.run_name === 'pair')
    const children = runs.filter(tracked => tracked !== parent)
    for (const child of children) {
      const tag = child.data.tags?.find(({ key }) => key === 'mlflow.parentRunId')
      assert.equal(tag?.value, parent?.info.run_id)
    }
    const base = (arm: string) => readEvaluations(services.path, `pair/${arm}/seed-1`)[0]
    assert.deepEqual(base('human'), base('correctness'))
    assert.ok((await mlflow.downloadArtifact(parent as Run, 'report/report.html')).length > 1000)
    // Figures and tables too, those of single items among them: the worker found what each item got.
    const text = async (path: string) =>
      Buffer.from(await mlflow.downloadArtifact(parent as Run, path)).toString('utf8')
    assert.match(await text('report/figures/flips.svg'), /^<svg xmlns=/)
    assert.match(await text('report/tables/flips.csv'), /^arm,against,seeds,gained/)
    assert.match(await text('report/report.md'), /figures\/differences\.svg/)
  })

  it('goes to its end when one arm fails, and then fails by name', async () => {
    const plan = tinySweep(
      'mixed',
      { good: {}, exploding: { update: { optimizer: 'sgd', learningRate: 1e30 } } },
      { concurrency: 1 },
    )
    const handle = await startSweep(plan)
    await assert.rejects(handle.result(), (error: unknown) =>
      /exploding seed 1/.test(String((error as WorkflowFailedError).cause)),
    )
    const { experiments, reportPath } = (await handle.query(progressQuery)) as SweepProgress
    assert.deepEqual(
      experiments.map(({ arm, state }) => [arm, state]),
      [
        ['good', 'done'],
        ['exploding', 'failed'],
      ],
    )
    assert.equal(experiments[0]?.weights, expected.weights)
    assert.ok(reportPath)
    const statuses = (await trackedRuns('mixed')).map(({ info }) => [info.run_name, info.status]).sort()
    assert.deepEqual(statuses, [
      ['exploding seed 1', 'FAILED'],
      ['good seed 1', 'FINISHED'],
      ['mixed', 'FAILED'],
    ])
  })

  it('begins nothing after a failure where it is to stop at the first, and says how much it left', async () => {
    const plan = tinySweep(
      'halted',
      { exploding: { update: { optimizer: 'sgd', learningRate: 1e30 } }, good: {}, better: { reward: { alpha: 3 } } },
      { concurrency: 1, onFailure: 'stop' },
    )
    const handle = await startSweep(plan)
    await assert.rejects(handle.result(), (error: unknown) =>
      /1 of 3 experiments failed: exploding seed 1 .*; 2 were not begun/.test(
        String((error as WorkflowFailedError).cause),
      ),
    )
    const { experiments } = (await handle.query(progressQuery)) as SweepProgress
    assert.deepEqual(experiments.map(({ arm, state, step }) => [arm, state, step]).slice(1), [
      ['good', 'cancelled', 0],
      ['better', 'cancelled', 0],
    ])
    assert.equal(experiments[0]?.state, 'failed')
    // No run of theirs was begun.
    const names = (await trackedRuns('halted')).map(({ info }) => info.run_name)
    assert.deepEqual(names.sort(), ['exploding seed 1', 'halted'])
  })
})
