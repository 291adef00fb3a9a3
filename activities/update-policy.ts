/** Stage: the update of one step from its journaled responses and records. */

import { stage, stageHooks } from './stage.js'
import { finishSteps, type TrainedSteps } from './train-steps.js'
import type { PolicyCache } from './training/policy-cache.js'
import { inTraining, type TrainingInput } from './training/training.js'
import type { Workplace } from './workplace.js'

export function updatePolicy(workplace: Workplace, policies: PolicyCache) {
  return stage({
    heartbeat: 'ticks',
    run: ({ step, ...input }: TrainingInput & { step: number }): Promise<TrainedSteps> =>
      inTraining(workplace, policies, input, async training => {
        const metrics =
          training.journal.metrics(step) ?? (await training.update(step, stageHooks(`update of step ${step}`)))
        return finishSteps(training, step, metrics)
      }),
  })
}
