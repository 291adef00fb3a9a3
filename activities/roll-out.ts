/**
 * Stage: samples the responses of one step and journals them. With `spread` a rollout in pieces is only cut: other activities make the pieces
 * (rollouts/roll-out-pieces.ts), and then this one, asked again, finds them all.
 */
import type { RolloutCut } from './rollouts/rollout-pieces.js'
import { stage, stageHooks, throwIfCancelled } from './stage.js'
import type { PolicyCache } from './training/policy-cache.js'
import { inTraining, type TrainingInput } from './training/training.js'
import type { Workplace } from './workplace.js'

/** 0 for a step that was trimmed from the journal: it is not sampled again. */
export interface RolledOut {
  responses: number
  tokens: number
}

export interface RollOutInput extends TrainingInput {
  step: number
  spread?: boolean
}

export function rollOut(workplace: Workplace, policies: PolicyCache) {
  return stage({
    heartbeat: 'ticks',
    run: ({ step, spread = false, ...input }: RollOutInput): Promise<RolledOut | RolloutCut> =>
      inTraining(workplace, policies, input, async training => {
        if (training.journal.trimmed(step) !== null) return { responses: 0, tokens: 0 }
        const hooks = stageHooks(`rollout of step ${step}`)
        const cut = spread ? await training.cut(step, hooks) : null
        if (cut !== null) return cut
        const rollout = await training.rollout(step, hooks)
        await throwIfCancelled()
        const tokens = rollout.responses.reduce((sum, response) => sum + response.tokens.length, 0)
        return { responses: rollout.responses.length, tokens }
      }),
  })
}
