/**
 * First stage: the plan and the resolved config are kept with the run; a changed config under an old name is refused. Says
 * whether the experiment was finished before, so that starting it again costs a look and no work.
 */
import { rmSync } from 'node:fs'
import { experimentKey } from '../pipelines/config/digest.js'
import type { ExperimentConfig, Plan } from '../pipelines/config/schema.js'
import { Checkpoints } from './clients/checkpoints.js'
import { experimentPaths, runFolder } from './clients/run-folder.js'
import { freezeConfig, freezePlan, readEvaluations, readResult } from './clients/runs.js'
import { type EvaluationSummary, summaryOf } from './evaluation-summary.js'
import { lightStage } from './light-stage.js'
import type { Workplace } from './workplace.js'

export interface FreezeRunInput {
  /** Of a sweep, or of a single experiment; an experiment of a sweep has none of its own. */
  plan?: Plan
  experiment?: { id: string; config: ExperimentConfig }
}

export interface FrozenRun {
  finished?: { weights: string; evaluation: EvaluationSummary }
}

export function freezeRun({ home }: Workplace) {
  return lightStage(async ({ plan, experiment }: FreezeRunInput): Promise<FrozenRun> => {
    if (plan !== undefined) freezePlan(home, plan)
    if (experiment === undefined) return {}
    freezeConfig(home, experiment.id, experiment.config)
    const frozen = finishedBefore(home, experiment)
    // How an earlier attempt ended is over: whoever reads the store sees an experiment at work.
    if (frozen.finished === undefined) rmSync(experimentPaths.result(runFolder(home, experiment.id)), { force: true })
    return frozen
  })
}

/** Only with the weights that were recorded, and whole. */
function finishedBefore(home: string, { id, config }: { id: string; config: ExperimentConfig }): FrozenRun {
  const result = readResult(home, id)
  const last = readEvaluations(home, id).at(-1)?.evaluation
  if (result?.state !== 'done' || result.weights === undefined || last?.step !== config.steps) return {}
  const checkpoint = new Checkpoints(runFolder(home, id), experimentKey(config)).whole(config.steps)
  if (checkpoint?.weights !== result.weights) return {}
  return { finished: { weights: result.weights, evaluation: summaryOf(last) } }
}
