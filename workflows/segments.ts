/**
 * How training is cut into activities, and a workflow into histories. A run of steps goes up to the next evaluation or checkpoint, or to
 * the limit of one activity. A workflow whose history is long continues as new.
 */
import { workflowInfo } from '@temporalio/workflow'
import { checkpointDue, evaluationDue } from '../pipelines/config/due-steps.js'
import { engineKind } from '../pipelines/config/engine-kinds.js'
import { rolloutPiece } from '../pipelines/config/rollout-piece.js'
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import { isMarkedAtOnce, isOfUser } from '../pipelines/config/verifier-way.js'

/** Last step of the run of steps that begins after `step`. One whose rollout is in pieces is a run by itself. */
export function nextBoundary(step: number, config: ExperimentConfig): number {
  const limit = step + (rolloutPiece(config) === null ? config.durability.stepsPerActivity : 1)
  let end = step + 1
  while (end < limit && !evaluationDue(end, config) && !checkpointDue(end, config)) end++
  return end
}

/**
 * Whether rollout, rewards and update of a step are an activity each: if the config says so, and if verdicts are waited for, so that this
 * does not keep the policy's worker. Configs in older histories do not say, and have them separate.
 */
export function stagesAreSeparate(config: ExperimentConfig): boolean {
  const { stepsPerActivity, separateStages = true } = config.durability
  const isOneStep = stepsPerActivity === 1 || rolloutPiece(config) !== null
  return isOneStep && (separateStages || !isMarkedAtOnce(config))
}

/**
 * Whether answers and verdicts are separate activities: with a judge or a verifier of the user, so that waiting for it does not keep the
 * policy's worker; and without training or with `evaluation.piece`, so that a long evaluation is stored piece by piece. Further test sets
 * need both at once.
 */
export function evaluatedInTwo({ judge, reward, evaluation, steps }: ExperimentConfig): boolean {
  const inPieces = steps === 0 || evaluation.piece !== undefined
  return judge !== undefined || inPieces || (isOfUser(reward) && evaluation.transfer === undefined)
}

/** Whether workers that did not train the policy can have it after this step: as the start or from a checkpoint. A server is asked by one. */
export function isElsewhere(step: number, config: ExperimentConfig): boolean {
  return engineKind(config.engine) === 'local' && (step === 0 || checkpointDue(step, config))
}

/** Whether replaying the history would take long: it has as many events, or the server says so. */
export function historyIsLong(maxEvents: number): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo()
  return historyLength >= maxEvents || continueAsNewSuggested
}
