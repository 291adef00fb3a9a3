/** How training is cut: a run of steps goes up to the next evaluation, checkpoint or limit of one activity. */
import type { ExperimentConfig } from '../pipelines/config/schema.js'

/** Last step of the run of steps that begins after `step`. */
export function nextBoundary(step: number, { steps, evaluation, checkpoint, durability }: ExperimentConfig): number {
  const nextMultiple = (every: number) => (Math.floor(step / every) + 1) * every
  return Math.min(
    steps,
    step + durability.stepsPerActivity,
    nextMultiple(evaluation.every),
    nextMultiple(checkpoint.everySteps),
  )
}

export function evaluationDue(step: number, { steps, evaluation }: ExperimentConfig): boolean {
  return step % evaluation.every === 0 || step === steps
}

/** A judge is waited for without the policy's worker; and an evaluation that is the whole work is kept piece by piece. */
export function evaluatedInTwo({ judge, steps }: ExperimentConfig): boolean {
  return judge !== undefined || steps === 0
}
