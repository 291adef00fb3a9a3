/** Stage: several training steps in one activity. It uses the same functions and journal as a step that is cut into three activities. */

import { checkpointDue } from '../pipelines/config/due-steps.js'
import { given } from '../pipelines/given.js'
import type { StepMetrics } from '../pipelines/training/step-metrics.js'
import { stage, stageHooks, throwIfCancelled } from './stage.js'
import type { PolicyCache } from './training/policy-cache.js'
import { inTraining, type Training, type TrainingInput } from './training/training.js'
import type { Workplace } from './workplace.js'

export interface TrainedSteps {
  step: number
  /** Of the last step: mean reward, sampled tokens a second. */
  reward?: number
  tokensPerSecond?: number
  /** sha256 of the weights, if the last step made a checkpoint. */
  weights?: string
}

/** Trains steps `from` + 1 .. `to`. */
export function trainSteps(workplace: Workplace, policies: PolicyCache) {
  return stage({
    heartbeat: 'ticks',
    run: ({ from, to, ...input }: TrainingInput & { from: number; to: number }): Promise<TrainedSteps> =>
      inTraining(workplace, policies, input, async training => {
        let last = measuredAlready(training, from, to)
        const hooks = stageHooks(`steps ${from + 1}-${to}`)
        if (last === null) {
          for (let step = from + 1; step <= to; step++) last = await training.update(step, hooks)
        }
        return finishSteps(training, to, last as StepMetrics)
      }),
  })
}

/** After the last update of an activity: makes the checkpoint if one is due. */
export async function finishSteps(training: Training, step: number, last: StepMetrics): Promise<TrainedSteps> {
  await throwIfCancelled()
  const weights = checkpointDue(step, training.config)
    ? (await training.checkpoint(step, stageHooks(`checkpoint of step ${step}`))).weights
    : undefined
  const { 'reward/mean': reward, 'perf/tokens_per_second': tokensPerSecond } = last.values
  return {
    step,
    ...given({ reward, tokensPerSecond, weights }),
  }
}

/** The last step's metrics if every step was measured before; nothing is then loaded. Null otherwise. */
function measuredAlready(training: Training, from: number, to: number): StepMetrics | null {
  let last: StepMetrics | null = null
  for (let step = from + 1; step <= to; step++) {
    last = training.journal.metrics(step)
    if (last === null) return null
  }
  return last
}
