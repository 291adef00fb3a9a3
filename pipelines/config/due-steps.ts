/** The steps after which an experiment is evaluated, and those after which it keeps a checkpoint. */
import type { ExperimentConfig } from './schema.js'

type Cadence = Pick<ExperimentConfig, 'steps' | 'evaluation' | 'checkpoint'>

/** Before training, at every multiple of `evaluation.every`, and after the last step. */
export function evaluationDue(step: number, { steps, evaluation }: Cadence): boolean {
  return step % evaluation.every === 0 || step === steps
}

/** At every multiple of `checkpoint.everySteps`, and after the last step. */
export function checkpointDue(step: number, { steps, checkpoint }: Cadence): boolean {
  return step % checkpoint.everySteps === 0 || step === steps
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
