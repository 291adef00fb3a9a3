/** Stage: samples the responses of one step and journals them. */
import type { PolicyCache } from './policy-cache.js'
import { stage, stageHooks, throwIfCancelled } from './stage.js'
import { inTraining, type TrainingInput } from './training.js'
import type { Workplace } from './workplace.js'

/** Of a step that was trimmed from the journal, which is not sampled again: 0. */
export interface RolledOut {
  responses: number
  tokens: number
}

export function rollOut(place: Workplace, policies: PolicyCache) {
  return stage({
    heartbeat: 'ticks',
    run: ({ step, ...input }: TrainingInput & { step: number }): Promise<RolledOut> =>
      inTraining(place, policies, input, async training => {
        if (training.journal.trimmed(step) !== null) return { responses: 0, tokens: 0 }
        const rollout = await training.rollout(step, stageHooks(`rollout of step ${step}`))
        await throwIfCancelled()
        const tokens = rollout.responses.reduce((sum, response) => sum + response.tokens.length, 0)
        return { responses: rollout.responses.length, tokens }
      }),
  })
}
