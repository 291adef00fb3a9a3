/** What the store says of an experiment: cheap enough to be read every second, and there when no service is. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { namesIn } from '../../activities/store/files.js'
import { experimentPaths, runFolder, stepOf } from '../../activities/store/run-folder.js'
import { experimentsOf, readResult, type StoredEvaluation, type StoredResult } from '../../activities/store/runs.js'
import { readSealed } from '../../activities/store/sealed.js'
import { stoppedSentence } from '../../pipelines/config/early-stop.js'
import type { Plan } from '../../pipelines/config/schema.js'
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
  return experimentsOf(plan).map(({ id, arm, seed, config }) => {
    const folder = runFolder(home, id)
    const result = resultOf(home, id, config.steps)
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
  })
}

/** A result of fewer steps than the plan has is of the time before the run was extended. */
function resultOf(home: string, id: string, steps: number): StoredResult | null {
  const result = readResult(home, id)
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
