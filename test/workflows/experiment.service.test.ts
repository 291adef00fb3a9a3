/** The two workflows on a real Temporal server, a real MLflow and real worker processes. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowFailedError } from '@temporalio/client'
import type { ProcessRecord } from '../../activities/machine/services-record.js'
import type { MlflowClient } from '../../activities/mlflow/client.js'
import type { Run } from '../../activities/mlflow/types.js'
import { readOutcomes } from '../../activities/store/runs/outcomes.js'
import { experimentPaths, planPaths, runFolder, stepName } from '../../activities/store/runs/run-folder.js'
import { readEvaluations, readMetrics, readResult } from '../../activities/store/runs/runs.js'
import { freezePlan } from '../../commands/runs/frozen-plan.js'
import { goOn } from '../../commands/runs/go-on.js'
import { lookAtRun } from '../../commands/runs/run-status.js'
import { TemporalRuns } from '../../commands/runs/temporal-runs.js'
import { planDigest } from '../../pipelines/config/plan-digest.js'
import type { ExperimentConfig, SweepPlan } from '../../pipelines/config/schema.js'
import { pauseSignal, progressQuery, resumeSignal, type SweepProgress } from '../../workflows/messages.js'
import type { sweep } from '../../workflows/sweep.js'
import type { TestServices } from '../services.js'
import { type AtWork, type Handle, startAtWork, until } from './at-work.js'
import { tinyConfig, tinySweep } from './tiny.js'

let services: TestServices
let orchestrator: ProcessRecord
let policyWorker: ProcessRecord
let work: AtWork
let mlflow: MlflowClient

before(async () => {
  ;({ services, orchestrator, policyWorker, work } = await startAtWork())
  mlflow = work.mlflow
})
after(() => services?.stop())

const start = (config: ExperimentConfig) => work.start(config)
const run = (config: ExperimentConfig) => work.run(config)

function startSweep(plan: SweepPlan) {
  freezePlan(services.path, plan, plan.name)
  return services.client.workflow.start<typeof sweep>('sweep', {
    workflowId: plan.name,
    taskQueue: services.queues.workflows,
    args: [{ name: plan.name, digest: planDigest(plan) }],
  })
}

const progressOf = (handle: Handle) => work.progressOf(handle)
const trackedRuns = (name: string) => work.trackedRuns(name)
const optimizerBytes = (name: string, step: number) => work.optimizerBytes(name, step)

/** What every other cutting of the same experiment has to give. */
const undisturbed = tinyConfig('undisturbed', { steps: 6 })
let expected: { weights: string; optimizer: Buffer }

describe('an experiment', () => {
  it('goes from its data to its report, and everything of it is in the store', async () => {
    const result = await run(undisturbed)
    assert.ok(result.weights)
    expected = { weights: result.weights, optimizer: optimizerBytes('undisturbed', 6) }
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

describe('the same bits', () => {
  it('with rollout, reward and update as separate activities', async () => {
    const config = tinyConfig('apart', { durability: { stepsPerActivity: 1, heartbeatTimeout: 3 } })
    assert.equal((await run(config)).weights, expected.weights)
    assert.deepEqual(optimizerBytes('apart', 6), expected.optimizer)
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
    await services.kill(policyWorker)
    policyWorker = await services.startWorker('policy')
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
    await services.kill(policyWorker)
    policyWorker = await services.startWorker('policy')

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

describe('an MLflow that is away', () => {
  it('delays tracking and not training, and gets every point once when it is back', async () => {
    await services.killMlflow()
    const apart = { durability: { stepsPerActivity: 1, heartbeatTimeout: 3, maxHistoryEvents: 40 } }
    const single = await start(tinyConfig('untracked', apart))
    const givenUp = await start(tinyConfig('given-up'))
    const pair = await startSweep(tinySweep('unseen', { a: {}, b: { reward: { scale: 'correctness' } } }))
    for (const name of ['untracked', 'given-up'])
      await until(`the report of ${name}`, () => existsSync(planPaths.report(runFolder(services.path, name))))
    assert.equal(readResult(services.path, 'untracked')?.weights, expected.weights)
    await until('word of what is waited for', async () => (await progressOf(single)).onlyTrackingSince !== undefined)
    assert.equal((await single.describe()).status.name, 'RUNNING')

    // Both arms have their results, so the sweep can compare them.
    await until('the report of the sweep', () => existsSync(planPaths.report(runFolder(services.path, 'unseen'))))
    assert.equal(readResult(services.path, 'unseen/b/seed-1')?.state, 'done')
    // The workflow hears of its report a moment later.
    const waits = async () => ((await pair.query(progressQuery)) as SweepProgress).onlyTrackingSince !== undefined
    await until('word of what the sweep waits for', waits)

    // There is nothing left to cancel but the wait.
    await givenUp.cancel()
    await sleep(1000)
    assert.equal(readResult(services.path, 'given-up')?.state, 'done')

    await services.startMlflow()
    for (const [name, handle] of Object.entries({ untracked: single, 'given-up': givenUp })) {
      const result = await handle.result()
      assert.equal(result.weights, expected.weights)
      assert.equal(result.trackingFailure, undefined)
      const [tracked, ...others] = await trackedRuns(name)
      assert.equal(others.length, 0)
      assert.equal(tracked?.info.status, 'FINISHED')
      const history = await mlflow.getMetricHistory(tracked?.info.run_id ?? '', 'reward/mean')
      assert.deepEqual(
        history.map(({ step }) => step).sort((a, b) => a - b),
        [1, 2, 3, 4, 5, 6],
      )
    }
    await pair.result()
    const statuses = (await trackedRuns('unseen')).map(({ info }) => info.status)
    assert.deepEqual(statuses, ['FINISHED', 'FINISHED', 'FINISHED'])
    const report = readFileSync(planPaths.report(runFolder(services.path, 'unseen')), 'utf8')
    assert.ok(report.includes(services.services.mlflow.url), 'the report leads to MLflow, now that there is a page')
  })
})

describe('an MLflow that refuses', () => {
  it('ends the run without its tracking, which says so, and resume sends all of it', async () => {
    const refusing = createServer((request, response) =>
      request.resume().on('end', () => response.writeHead(404).end()),
    )
    await once(refusing.listen(0, '127.0.0.1'), 'listening')
    const url = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`
    await services.kill(orchestrator)
    orchestrator = await services.startWorker('orchestrator', { ...services.services, mlflow: { url } })
    const temporal = new TemporalRuns(services.services.temporal, services.home)
    try {
      const { trackingFailure } = await run(tinyConfig('refused'))
      assert.match(trackingFailure ?? '', /404/)
      const view = await lookAtRun(services.home, 'refused', temporal)
      assert.equal(view.state, 'done')
      assert.match(view.notes.join('\n'), /MLflow lacks some of this run: [\s\S]*404[\s\S]*`rlev resume` sends/)
      assert.equal((await trackedRuns('refused')).length, 0)

      await services.kill(orchestrator)
      orchestrator = await services.startWorker('orchestrator')
      assert.match(await goOn({ home: services.home, view, temporal }), /goes on sending MLflow what it lacks/)
      await services.client.workflow.getHandle(temporal.workflowId('refused')).result()
      const after = await lookAtRun(services.home, 'refused', temporal)
      assert.deepEqual([after.state, after.notes, after.weights], ['done', [], expected.weights])
      assert.match(await goOn({ home: services.home, view: after, temporal }), /nothing to do/)
      const [tracked, ...others] = await trackedRuns('refused')
      assert.equal(others.length, 0)
      assert.equal(tracked?.info.status, 'FINISHED')
      assert.equal((await mlflow.getMetricHistory(tracked?.info.run_id ?? '', 'reward/mean')).length, 6)
    } finally {
      await temporal.close()
      refusing.close()
    }
  })
})

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
