/** The activities that need the policy, of queue `rlev-gpu`: one at a time, in a separate process. */
import { answerItems } from './answers/answer-items.js'
import { answerPieces } from './answers/answer-pieces.js'
import { evaluatePolicy } from './evaluation/evaluate-policy.js'
import { type Border, mirrored } from './mirrored.js'
import { predictValues } from './predict-values.js'
import { rollOut } from './roll-out.js'
import { rollOutPieces } from './rollouts/roll-out-pieces.js'
import type { ArtifactRef } from './store/store.js'
import { trainSteps } from './train-steps.js'
import type { PolicyCache } from './training/policy-cache.js'
import type { TrainingInput } from './training/training.js'
import { updatePolicy } from './update-policy.js'
import { warmStart } from './warm-start.js'
import type { Workplace } from './workplace.js'

/** The borders with an object store are those of stages with a fence: a policy that this process does not hold needs a checkpoint. */
export function gpuActivities(workplace: Workplace, policies: PolicyCache) {
  const start: Border<{ run: string; data: ArtifactRef; values?: ArtifactRef; start?: ArtifactRef }> = {
    reads: ({ run }) => [run],
    outputs: ({ data, values, start: before }) => [data, values, before].filter(ref => ref !== undefined),
  }
  const training = <Input extends TrainingInput>(stepOf: (input: Input) => number): Border<Input> => ({
    reads: ({ run }) => [run],
    outputs: ({ stages }) => Object.values(stages),
    fenced: true,
    checkpoint: input => (policies.holds(input.run, stepOf(input)) ? null : stepOf(input)),
    onLost: ({ run }) => policies.drop(run),
  })
  const atStep = training<TrainingInput & { step: number }>(({ step }) => step)
  const before = training<TrainingInput & { step: number }>(({ step }) => step - 1)
  return {
    warmStart: mirrored(workplace, warmStart(workplace), start),
    predictValues: mirrored(workplace, predictValues(workplace, policies), start),
    rollOut: mirrored(workplace, rollOut(workplace, policies), before),
    rollOutPieces: mirrored(workplace, rollOutPieces(workplace, policies), {
      reads: ({ run }) => [run],
      outputs: ({ stages: { data, start }, adapter }) => [data, start, adapter],
      // Pieces go to the store one by one.
      readOnly: true,
    }),
    updatePolicy: mirrored(workplace, updatePolicy(workplace, policies), atStep),
    trainSteps: mirrored(
      workplace,
      trainSteps(workplace, policies),
      training<TrainingInput & { from: number; to: number }>(({ to }) => to),
    ),
    evaluatePolicy: mirrored(workplace, evaluatePolicy(workplace, policies), atStep),
    answerItems: mirrored(workplace, answerItems(workplace, policies), atStep),
    answerPieces: mirrored(workplace, answerPieces(workplace, policies), {
      reads: ({ run }) => [run],
      outputs: ({ stages: { data, start } }) => [data, start],
      checkpoint: ({ run, step }) => (step === 0 || policies.isAt(run, step) ? null : step),
      // Pieces go to the store one by one.
      readOnly: true,
    }),
  }
}

export type GpuActivities = ReturnType<typeof gpuActivities>
