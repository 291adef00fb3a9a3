/** Stage: samples the responses of one step and journals them. */

import { stage, stageHooks, throwIfCancelled } from './stage.js'
import type { PolicyCache } from './training/policy-cache.js'
import { inTraining, type TrainingInput } from './training/training.js'
import type { Workplace } from './workplace.js'

/** 0 for a step that was trimmed from the journal: it is not sampled again. */
export interface RolledOut {
  responses: number
  tokens: number
}

export function rollOut(workplace: Workplace, policies: PolicyCache) {
  return stage({
    heartbeat: 'ticks',
    run: ({ step, ...input }: TrainingInput & { step: number }): Promise<RolledOut> =>
      inTraining(workplace, policies, input, async training => {
        if (training.journal.trimmed(step) !== null) return { responses: 0, tokens: 0 }
        const rollout = await training.rollout(step, stageHooks(`rollout of step ${step}`))
        await throwIfCancelled()
        const tokens = rollout.responses.reduce((sum, response) => sum + response.tokens.length, 0)
        return { responses: rollout.responses.length, tokens }
      }),
  })
}
