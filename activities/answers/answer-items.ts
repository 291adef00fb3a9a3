/**
 * Stage: the responses of a step's policy to the test items, without verdicts. They are made in pieces, each stored when it is done. With
 * `spread` a large evaluation is only cut: other activities make the pieces (answer-pieces.ts), and then this one, asked again, finds them all. A
 * piece that is still missing or was damaged it makes itself. Arms that start from the same warm start share its answers.
 */
import type { Sampler } from '../../pipelines/sampling/sampler.js'
import { type Cut, cutOf, makeAll } from '../pieces/divided.js'
import { stage, stageHooks, withFailPoint } from '../stage.js'
import type { ArtifactRef } from '../store/store.js'
import type { PolicyCache } from '../training/policy-cache.js'
import { inTraining } from '../training/training.js'
import type { Workplace } from '../workplace.js'
import { isDivided } from './is-divided.js'
import { type AnsweredStep, Pieces } from './pieces.js'

export interface AnswersInput extends AnsweredStep {
  /** Whether other workers can have the policy of this step. */
  spread?: boolean
}

export function answerItems(workplace: Workplace, policies: PolicyCache) {
  return stage({
    heartbeat: 'ticks',
    run: ({ spread = false, ...input }: AnswersInput): Promise<ArtifactRef | Cut> =>
      inTraining(workplace, policies, input, async training => {
        const { step, stages } = input
        const { config, data } = training
        const pieces = new Pieces({ workplace, config, input, items: data.test })
        const cut = spread && isDivided(config, stages.start) ? await cutOf(pieces) : null
        if (cut !== null) return cut

        const hooks = withFailPoint('evaluation.tick', stageHooks(`answers at step ${step}`))
        // If nothing is trained, only the weights are loaded, without an optimizer.
        const answering = async (): Promise<Sampler> =>
          config.steps === 0 ? policies.reference(stages.start, config) : training.policyAt(step, hooks)
        return pieces.together(await makeAll(pieces, { answering, hooks }))
      }),
  })
}
