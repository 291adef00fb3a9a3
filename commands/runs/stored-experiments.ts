/** What the store says of an experiment: cheap enough to be read every second, and there when no service is. */

import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { namesIn } from '../../activities/store/files.js'
import { experimentPaths, runFolder, stepOf } from '../../activities/store/runs/run-folder.js'
import { experimentsOf, type StoredEvaluation, type StoredResult } from '../../activities/store/runs/runs.js'
import { readSealed } from '../../activities/store/sealed.js'
import { stoppedSentence } from '../../pipelines/config/early-stop.js'
import type { ExperimentConfig, Plan } from '../../pipelines/config/schema.js'
import { alarmsOf } from '../../pipelines/evaluation/alarms.js'
import { given } from '../../pipelines/given.js'
import type { StepMetrics } from '../../pipelines/training/step-metrics.js'
import { tallyIn } from './known-tallies.js'
import type { ExperimentView } from './run-view.js'

/**
 * In the plan's order. `waiting`: it was never begun; `stopped`: begun and without a result; the store cannot tell
 * whether a worker is on it.
 */
export function storedExperiments(home: string, plan: Plan): ExperimentView[] {
  return experimentsOf(plan).map(experiment => {
    const stamp = stampOf(home, experiment)
    const known = finished.get(experiment.id)
    if (stamp !== undefined && known?.stamp === stamp) return known.view
    const view = storedExperiment(home, experiment)
    if (stamp !== undefined && view.state === 'done') finished.set(experiment.id, { stamp, view })
    return view
  })
}

/** Experiments that are done do not change: a look every second reads only the others. By id, while the process lives. */
const finished = new Map<string, { stamp: string; view: ExperimentView }>()

/** Of the result of an experiment, by which it is known again. Undefined without one. */
function stampOf(home: string, { id, config }: { id: string; config: ExperimentConfig }): string | undefined {
  const stat = statSync(experimentPaths.result(join(home, 'runs', id)), { throwIfNoEntry: false })
  return stat === undefined ? undefined : `${home} ${stat.mtimeMs} ${stat.size} ${config.steps}`
}

function storedExperiment(
  home: string,
  { id, arm, seed, config }: ReturnType<typeof experimentsOf>[number],
): ExperimentView {
  const folder = runFolder(home, id)
  const result = resultIn(folder, config.steps)
  const step = newestStep(join(folder, 'metrics'))
  const metrics = step === 0 ? null : readSealed<StepMetrics>(experimentPaths.metrics(folder, step))
  const evaluation = newestEvaluation(folder)
  const alarms = alarmsOf({
    config,
    tally: tallyIn(folder, result?.state === 'done' ? result.tally : undefined),
    evaluation: evaluation ?? undefined,
    done: result?.state === 'done',
    unchanged: result?.unchanged === true,
  })
  return {
    id,
    arm,
    seed,
    stage: result?.state === 'done' ? 'done' : evaluation === null ? 'prepare' : 'train',
    state: result?.state ?? (existsSync(experimentPaths.config(folder)) ? 'stopped' : 'waiting'),
    step: result?.state === 'done' ? result.step : step,
    steps: config.steps,
    ...given({
      reward: metrics?.values['reward/mean'],
      tokensPerSecond: metrics?.values['perf/tokens_per_second'],
      acc: evaluation?.greedy.acc,
      hAcc: evaluation?.greedy.hAcc,
      expectedHAcc: evaluation?.expected.hAcc,
      weights: result?.weights,
      failure: result?.failure,
      stoppedEarly: result?.stopped === undefined ? undefined : stoppedSentence(result.stopped, config.steps),
    }),
    ...(alarms.length === 0 ? {} : { alarms }),
  }
}

/** A result of fewer steps than the plan has is of the time before the run was extended. */
function resultIn(folder: string, steps: number): StoredResult | null {
  const result = readSealed<StoredResult>(experimentPaths.result(folder))
  return result?.state === 'done' && result.step < steps && result.stopped === undefined ? null : result
}

function newestStep(folder: string): number {
  return namesIn(folder).reduce((newest, name) => Math.max(newest, stepOf(name) ?? 0), 0)
}

function newestEvaluation(folder: string): StoredEvaluation['evaluation'] | null {
  const steps = namesIn(join(folder, 'evaluations')).map(stepOf)
  const made = steps.filter(step => step !== null)
  if (made.length === 0) return null
  return readSealed<StoredEvaluation>(experimentPaths.evaluation(folder, Math.max(...made)))?.evaluation ?? null
}
