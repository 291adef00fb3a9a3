/** Readers of the files of runs in a home, for stages, commands and the report. Only `keepPlan` and `keepConfig` write. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ExperimentOutcome, TrainedElsewhere } from '../../../pipelines/comparison/outcome.js'
import { configDifference } from '../../../pipelines/config/difference.js'
import { experimentKey } from '../../../pipelines/config/digest.js'
import type { StoppedEarly } from '../../../pipelines/config/early-stop.js'
import { nameForm } from '../../../pipelines/config/names.js'
import type { ExperimentConfig, Plan } from '../../../pipelines/config/schema.js'
import { idInSweep, startOrder } from '../../../pipelines/config/start-order.js'
import { RlevError } from '../../../pipelines/errors.js'
import type { Evaluation, ItemOutcome } from '../../../pipelines/evaluation/evaluation.js'
import type { StoredTally } from '../../../pipelines/evaluation/step-tally.js'
import { given } from '../../../pipelines/given.js'
import type { StepMetrics } from '../../../pipelines/training/step-metrics.js'
import type { PredictionQuality } from '../../../pipelines/values/predictor/quality.js'
import type { ValueStatistics } from '../../../pipelines/values/value.js'
import { failPoint } from '../../fail-points/fail-point.js'
import { keepDigest, readDigested } from '../digest-beside.js'
import { namesIn, setAside, writeWhole } from '../files.js'
import { readSealed } from '../sealed.js'
import { driftsOf, originalKey } from './provenance.js'
import { entryLabel, experimentPaths, planPaths, runFolder, stepOf } from './run-folder.js'

export interface StoredEvaluation {
  /** When it was first made, in ms. */
  time: number
  evaluation: Evaluation
}

/** `result.json`: how an experiment ended. `state: 'done'` has weights unless nothing was trained. */
export interface StoredResult {
  state: 'done' | 'failed' | 'cancelled'
  step: number
  weights?: string
  failure?: string
  /** Training left the weights as they were; absent if it did not, or if nothing was trained. */
  unchanged?: true
  /** Of its steps, for alarms; results of older versions have none. */
  tally?: StoredTally
  /** Why it is complete before the last step of its config. */
  stopped?: StoppedEarly
}

/** Arm and seed of each experiment of a plan, in the order in which a sweep starts them. */
export function experimentsOf(plan: Plan): { arm: string; seed: number; config: ExperimentConfig; id: string }[] {
  if (plan.kind === 'experiment') {
    return [{ arm: plan.name, seed: plan.config.seed, config: plan.config, id: plan.name }]
  }
  return startOrder(plan).map(cell => ({ ...cell, id: idInSweep(plan.name, cell) }))
}

/** Names of the runs of a home that have a plan; folders whose name no run can have are left out. */
export function listRuns(home: string): string[] {
  const names = namesIn(join(home, 'runs')).filter(name => nameForm.test(name))
  return names.filter(name => existsSync(planPaths.plan(join(home, 'runs', name))))
}

/** Throws NotFound, or ArtifactDamaged. */
export function readPlan(home: string, name: string): Plan {
  const path = planPaths.plan(runFolder(home, name))
  const bytes = readDigested(path)
  if (bytes !== null) return JSON.parse(bytes.toString('utf8')) as Plan
  throw noSuchRun({ home, name })
}

/** A NotFound error; `meant` is the known name that was probably meant. */
export function noSuchRun({
  home,
  name,
  meant,
}: {
  home: string
  name: string
  meant?: string | undefined
}): RlevError {
  const known = listRuns(home)
  return new RlevError({
    kind: 'NotFound',
    message: 'there is no run of this name',
    place: home,
    expected: known.length === 0 ? 'a run of this home, which has none yet' : `one of ${known.join(', ')}`,
    found: name,
    remedy:
      meant === undefined
        ? 'start one with `rlev run` or `rlev sweep`, or give another home with --home'
        : `did you mean ${meant}? Another home is given with --home`,
  })
}

/** Stores the plan with its run. Throws ConfigInvalid with the difference if the name already stands for another plan. */
export function keepPlan(home: string, plan: Plan): void {
  const path = planPaths.plan(runFolder(home, plan.name))
  if (!existsSync(path)) {
    failPoint('plan.before')
    writeWhole(path, `${JSON.stringify(plan, null, 2)}\n`)
    keepDigest(path)
    failPoint('plan.after')
    return
  }
  // The usual case: the command stores it before it starts the workflow.
  const there = new Map(experimentsOf(readPlan(home, plan.name)).map(({ id, config }) => [id, config]))
  for (const { id, config } of experimentsOf(plan)) {
    const before = there.get(id)
    if (before !== undefined) refuseDifference(id, before, config)
  }
}

/** Stores the resolved config with its experiment. Throws ConfigInvalid with the difference. */
export function keepConfig(home: string, id: string, config: ExperimentConfig): void {
  const path = experimentPaths.config(runFolder(home, id))
  const before = configBefore(home, id)
  if (before !== null) refuseDifference(id, before, config)
  failPoint('config.before')
  writeWhole(path, `${JSON.stringify(config, null, 2)}\n`)
  keepDigest(path)
  failPoint('config.after')
}

/** Null if it is missing, or was damaged and is now set aside. */
function configBefore(home: string, id: string): ExperimentConfig | null {
  const path = experimentPaths.config(runFolder(home, id))
  if (!existsSync(path)) return null
  try {
    return readConfig(home, id)
  } catch (error) {
    if (!(error instanceof RlevError && error.kind === 'ArtifactDamaged')) throw error
    setAside(path)
    return null
  }
}

/** Throws NotFound, or ArtifactDamaged. */
export function readConfig(home: string, id: string): ExperimentConfig {
  const path = experimentPaths.config(runFolder(home, id))
  const bytes = readDigested(path)
  if (bytes !== null) return JSON.parse(bytes.toString('utf8')) as ExperimentConfig
  throw new RlevError({ kind: 'NotFound', message: 'the experiment has no stored config', place: path })
}

export function readMetrics(home: string, id: string, range?: { from: number; to: number }): StepMetrics[] {
  const folder = runFolder(home, id)
  const label = labels(home, id)
  return namesIn(join(folder, 'metrics'))
    .map(stepOf)
    .filter(step => step !== null)
    .filter(step => range === undefined || (step >= range.from && step <= range.to))
    .map(step => readSealed<StepMetrics>(experimentPaths.metrics(folder, step), label('metrics', step)))
    .filter(metrics => metrics !== null)
    .sort((a, b) => a.step - b.step)
}

/** The base evaluation first. */
export function readEvaluations(home: string, id: string): StoredEvaluation[] {
  const folder = runFolder(home, id)
  const label = labels(home, id)
  return namesIn(join(folder, 'evaluations'))
    .map(stepOf)
    .filter(step => step !== null)
    .map(step => readSealed<StoredEvaluation>(experimentPaths.evaluation(folder, step), label('evaluation', step)))
    .filter(stored => stored !== null)
    .sort((a, b) => a.evaluation.step - b.evaluation.step)
}

/** The outcome of each test item in the evaluation of a step; null if that was not made. */
export function readItemOutcomes(home: string, id: string, step: number): ItemOutcome[] | null {
  const label = labels(home, id)('evaluation items', step)
  return readSealed(experimentPaths.evaluationItems(runFolder(home, id), step), label)
}

/** The labels that the files of an experiment must carry; read once for many files. Undefined if the experiment has not begun. */
function labels(
  home: string,
  id: string,
): (kind: Parameters<typeof entryLabel>[0], step: number) => string | undefined {
  if (!existsSync(experimentPaths.config(runFolder(home, id)))) return () => undefined
  const key = originalKey(home, id, readConfig(home, id))
  return (kind, step) => entryLabel(kind, step, key)
}

export function readResult(home: string, id: string): StoredResult | null {
  return readSealed(experimentPaths.result(runFolder(home, id)))
}

/** What comparison and report read of one experiment of a plan, without its single items. */
export function outcomeOf(
  home: string,
  name: string,
  experiment: ReturnType<typeof experimentsOf>[number],
): ExperimentOutcome {
  const { id } = experiment
  const folder = runFolder(home, id)
  const result = readResult(home, id)
  const drifts = driftsOf(home, name)
  const elsewhere = readSealed<TrainedElsewhere>(planPaths.elsewhere(runFolder(home, name)))
  const evaluations = readEvaluations(home, id)
  const prediction = readSealed<PredictionQuality>(experimentPaths.predictor(folder))
  return {
    name,
    arm: experiment.arm,
    seed: experiment.seed,
    config: experiment.config,
    evaluations: evaluations.map(({ evaluation }) => evaluation),
    evaluationTimes: evaluations.map(({ time }) => time),
    metrics: readMetrics(home, id),
    valueStatistics: readSealed<ValueStatistics>(experimentPaths.values(folder)),
    state: result?.state ?? 'running',
    ...given({
      weights: result?.weights,
      failure: result?.failure,
      prediction: prediction ?? undefined,
      stopped: result?.stopped,
    }),
    ...(drifts.length === 0 ? {} : { drifts }),
    ...given({ unchanged: result?.unchanged }),
    ...(elsewhere === null ? {} : { elsewhere: { trainer: elsewhere.trainer, greedy: elsewhere.greedy } }),
  }
}

function refuseDifference(id: string, before: ExperimentConfig, now: ExperimentConfig): void {
  if (experimentKey(before) === experimentKey(now)) return
  const difference = configDifference(before, now)
  throw new RlevError({
    kind: 'ConfigInvalid',
    message: 'a run of this name exists with another config',
    place: id,
    expected: difference.map(({ path, a }) => `${path} = ${JSON.stringify(a)}`).join(', '),
    found: difference.map(({ path, b }) => `${path} = ${JSON.stringify(b)}`).join(', '),
    remedy: 'give the changed config another name',
  })
}
