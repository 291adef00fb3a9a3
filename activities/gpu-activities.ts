/** The activities that need the policy, of queue `rlev-gpu`: one at a time in a process of their own. */
import { answerItems } from './answer-items.js'
import { evaluatePolicy } from './evaluate-policy.js'
import type { PolicyCache } from './policy-cache.js'
import { predictValues } from './predict-values.js'
import { rollOut } from './roll-out.js'
import { trainSteps } from './train-steps.js'
import { updatePolicy } from './update-policy.js'
import { warmStart } from './warm-start.js'
import type { Workplace } from './workplace.js'

export function gpuActivities(place: Workplace, policies: PolicyCache) {
  return {
    warmStart: warmStart(place),
    predictValues: predictValues(place, policies),
    rollOut: rollOut(place, policies),
    updatePolicy: updatePolicy(place, policies),
    trainSteps: trainSteps(place, policies),
    evaluatePolicy: evaluatePolicy(place, policies),
    answerItems: answerItems(place, policies),
  }
}

export type GpuActivities = ReturnType<typeof gpuActivities>
