/** The steps after which an experiment is evaluated, and those after which it keeps a checkpoint. */
import type { ExperimentConfig } from './schema.js'

type Cadence = Pick<ExperimentConfig, 'steps' | 'evaluation' | 'checkpoint'>

/** Before training, at every multiple of `evaluation.every`, and after the last step. */
export function evaluationDue(step: number, { steps, evaluation }: Cadence): boolean {
  return step % evaluation.every === 0 || step === steps
}

/** At every multiple of `checkpoint.everySteps`, after the last step, and after every step that may become the last by an early stop. */
export function checkpointDue(step: number, config: Cadence): boolean {
  const { steps, checkpoint, evaluation } = config
  // The config of a run that an older version started does not have the key.
  const mayEnd = evaluation.earlyStop != null && evaluationDue(step, config)
  return step % checkpoint.everySteps === 0 || step === steps || mayEnd
}

export function evaluationSteps(config: Cadence): number[] {
  return stepsFrom(0, config).filter(step => evaluationDue(step, config))
}

/** Without checkpoint 0, which is the warm start. */
export function checkpointSteps(config: Cadence): number[] {
  return stepsFrom(1, config).filter(step => checkpointDue(step, config))
}

function stepsFrom(first: number, { steps }: Cadence): number[] {
  return Array.from({ length: steps + 1 - first }, (_, index) => first + index)
}
