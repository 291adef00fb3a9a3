/** The activities that need the policy, of queue `rlev-gpu`: one at a time, in a separate process. */
import { answerItems } from './answer-items.js'
import { evaluatePolicy } from './evaluate-policy.js'
import { predictValues } from './predict-values.js'
import { rollOut } from './roll-out.js'
import { trainSteps } from './train-steps.js'
import type { PolicyCache } from './training/policy-cache.js'
import { updatePolicy } from './update-policy.js'
import { warmStart } from './warm-start.js'
import type { Workplace } from './workplace.js'

export function gpuActivities(workplace: Workplace, policies: PolicyCache) {
  return {
    warmStart: warmStart(workplace),
    predictValues: predictValues(workplace, policies),
    rollOut: rollOut(workplace, policies),
    updatePolicy: updatePolicy(workplace, policies),
    trainSteps: trainSteps(workplace, policies),
    evaluatePolicy: evaluatePolicy(workplace, policies),
    answerItems: answerItems(workplace, policies),
  }
}

export type GpuActivities = ReturnType<typeof gpuActivities>
