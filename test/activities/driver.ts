/** An experiment driven through its stages as the workflow drives them, in Temporal's activity environment, without a server. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CancelledFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { type GpuActivities, gpuActivities } from '../../activities/gpu-activities.js'
import { ioActivities } from '../../activities/io-activities.js'
import { digestOfFile, sha256 } from '../../activities/store/files.js'
import { experimentPaths, runFolder, stepName } from '../../activities/store/runs/run-folder.js'
import { experimentsOf, readEvaluations, readMetrics } from '../../activities/store/runs/runs.js'
import type { ArtifactRef } from '../../activities/store/store.js'
import { PolicyCache } from '../../activities/training/policy-cache.js'
import type { StageOutputs, TrainingInput } from '../../activities/training/training.js'
import type { Workplace } from '../../activities/workplace.js'
import { trainedFile } from '../../pipelines/checkpoint/checkpoint-files.js'
import { evaluationDue } from '../../pipelines/config/due-steps.js'
import type { ExperimentConfig, Plan } from '../../pipelines/config/schema.js'
import { nextBoundary, stagesAreSeparate } from '../../workflows/segments.js'

const logger = new DefaultLogger('ERROR')

export const environment = () => new MockActivityEnvironment({ attempt: 1 }, { logger })

export const runStage = <Input, Output>(
  activity: (input: Input) => Promise<Output>,
  input: Input,
  mock = environment(),
): Promise<Output> => mock.run<[Input], Output, (input: Input) => Promise<Output>>(activity, input)

/** The answers of an evaluation, all by this worker. */
export async function answersBy(
  { answerItems }: Pick<GpuActivities, 'answerItems'>,
  input: TrainingInput & { step: number },
): Promise<ArtifactRef> {
  const answers = await runStage(answerItems, input)
  assert.ok(!('parts' in answers))
  return answers
}

/** Everything before training. `run`: the id of the experiment, which is the name of its config unless it is of a sweep. */
export async function prepare(place: Workplace, config: ExperimentConfig, run = config.name): Promise<StageOutputs> {
  const { freezeRun, prepareData, normalizeValues, ablateValues } = ioActivities(place)
  await runStage(freezeRun, { experiment: { id: run, config } })
  const data = await runStage(prepareData, { run })
  const values = await runStage(normalizeValues, { run, data })
  const predicted = config.value.ablation === 'predicted'
  const ablated = predicted ? null : await runStage(ablateValues, { run, values })
  const policies = new PolicyCache(place.store)
  const { warmStart, predictValues } = gpuActivities(place, policies)
  const start = await runStage(warmStart, { run, data })
  const rewardValues = ablated ?? (await runStage(predictValues, { run, data, values, start }))
  await policies.dispose()
  return { data, values, rewardValues, start }
}

/** From its data to its last evaluation. `cold`: every activity on a worker that has just come up. */
export async function runExperiment(
  place: Workplace,
  config: ExperimentConfig,
  { cold = false, run = config.name }: { cold?: boolean; run?: string } = {},
): Promise<void> {
  const stages = await prepare(place, config, run)
  let policies = new PolicyCache(place.store)
  const gpu = async () => {
    if (cold) {
      await policies.dispose()
      policies = new PolicyCache(place.store)
    }
    return gpuActivities(place, policies)
  }
  await runStage((await gpu()).evaluatePolicy, { run, stages, step: 0 })
  for (let step = 0; step < config.steps; ) {
    const to = nextBoundary(step, config)
    if (stagesAreSeparate(config)) {
      await runStage((await gpu()).rollOut, { run, stages, step: to })
      await runStage(ioActivities(place).scaleRewards, { run, stages, step: to })
      await runStage((await gpu()).updatePolicy, { run, stages, step: to })
    } else await runStage((await gpu()).trainSteps, { run, stages, from: step, to })
    step = to
    if (evaluationDue(step, config)) await runStage((await gpu()).evaluatePolicy, { run, stages, step })
  }
  await policies.dispose()
}

/**
 * From the first evaluation to the last, cancelled after 1, 2, 3, ... heartbeats until an attempt ends. Gives the number of
 * cancellations. `cold`: whether a worker that has just come up goes on after a cancellation, by its number.
 */
export async function runCancelled(
  place: Workplace,
  config: ExperimentConfig,
  {
    cold = () => false,
    onCancelled = () => {},
  }: { cold?: (cancellations: number) => boolean; onCancelled?: () => void } = {},
): Promise<number> {
  const stages = await prepare(place, config)
  const { name: run, steps } = config
  let policies = new PolicyCache(place.store)
  for (let cancellations = 0; ; ) {
    const mock = environment()
    let beats = 0
    mock.on('heartbeat', () => {
      if (++beats === cancellations + 1) mock.cancel()
    })
    try {
      const activities = gpuActivities(place, policies)
      await runStage(activities.evaluatePolicy, { run, stages, step: 0 }, mock)
      await runStage(activities.trainSteps, { run, stages, from: 0, to: steps }, mock)
      await runStage(activities.evaluatePolicy, { run, stages, step: steps }, mock)
      await policies.dispose()
      return cancellations
    } catch (error) {
      assert.ok(error instanceof CancelledFailure, String(error))
    }
    cancellations++
    onCancelled()
    if (cold(cancellations)) {
      await policies.dispose()
      policies = new PolicyCache(place.store)
    }
  }
}

/** Every experiment of a plan, one after the other, and the report. */
export async function runPlan(place: Workplace, plan: Plan): Promise<void> {
  const { freezeRun, recordResult, publishReport } = ioActivities(place)
  await runStage(freezeRun, { plan })
  for (const { id, config } of experimentsOf(plan)) {
    await runExperiment(place, config, { run: id })
    await runStage(recordResult, { run: id, state: 'done', step: config.steps })
  }
  await runStage(publishReport, { name: plan.name })
}

/** What has to be the same however the experiment was cut: digests of the end, and every measure but times. */
export function resultOf({ home }: Workplace, { name, steps }: ExperimentConfig) {
  const last = join(experimentPaths.checkpoints(runFolder(home, name)), stepName(steps))
  const measured = readMetrics(home, name).map(({ step, values }) => [
    step,
    Object.fromEntries(Object.entries(values).filter(([key]) => !key.startsWith('perf/'))),
  ])
  return {
    weights: sha256(readFileSync(join(last, trainedFile(readdirSync(last)) ?? ''))),
    // A server keeps that of its models.
    optimizer: digestOfFile(join(last, 'optimizer.safetensors'))?.sha256,
    measured,
    evaluations: readEvaluations(home, name).map(({ evaluation }) => evaluation),
  }
}
