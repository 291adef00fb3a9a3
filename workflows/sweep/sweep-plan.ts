/** What a sweep does by its plan: its outline, and its experiments as their workflows are started. */
import { ApplicationFailure } from '@temporalio/workflow'
import type { FrozenRun } from '../../activities/freeze-run.js'
import type { SweepReference } from '../../activities/store/runs/frozen-sweep.js'
import { evaluationSteps } from '../../pipelines/config/due-steps.js'
import type { SweepPlan } from '../../pipelines/config/schema.js'
import { startOrder } from '../../pipelines/config/start-order.js'
import { type CellOutline, outlineOf, type SweepOutline } from '../../pipelines/config/sweep-outline.js'
import { batchId } from '../batches/batch-messages.js'
import type { ExperimentInput } from '../messages.js'

export interface PlannedSweep {
  outline: SweepOutline
  /** In the order in which they start. */
  experiments: readonly PlannedExperiment[]
}

export interface PlannedExperiment extends Pick<ExperimentInput, 'arm' | 'seed'> {
  input: ExperimentInput
  estimator: string
}

/** If the experiments would send more evaluations than this, they send none: each is an event in the history of the sweep. */
const maxMessages = 200
/** The same in older versions, by which their histories have to be replayed. */
const maxMessagesWithPlan = 1000

/** By an input that has the plan itself, of older versions: each experiment gets its config from its sweep. */
export function plannedByPlan(plan: SweepPlan): PlannedSweep {
  const { name, settings, arms } = plan
  if (arms.length === 0) throw ApplicationFailure.nonRetryable(`the sweep ${name} has no arms`, 'ConfigInvalid')
  const messages = settings.seeds.length * arms.reduce((sum, { config }) => sum + evaluationSteps(config).length, 0)
  const sweep = { name, follow: messages <= maxMessagesWithPlan }
  const experiments = startOrder(plan).map(({ arm, seed, config }) => ({
    arm,
    seed,
    input: { name, arm, seed, config, sweep },
    estimator: config.estimator.name,
  }))
  return { outline: outlineOf(plan), experiments }
}

/** By what the home has. */
export function plannedByHome(reference: SweepReference, { outline, cells }: FrozenRun): PlannedSweep {
  if (outline === undefined || cells === undefined) throw new Error('the plan was read without its experiments')
  return { outline, experiments: plannedCells(reference, cells) }
}

/** `batch`: number of the batch that starts them. It tells its sweep of them in numbers, so they send it no evaluations. */
export function plannedCells(
  { name, digest }: SweepReference,
  cells: readonly CellOutline[],
  { batch }: { batch?: number } = {},
): readonly PlannedExperiment[] {
  const messages = cells.reduce((sum, { evaluations }) => sum + evaluations, 0)
  const sweep =
    batch === undefined
      ? { name, digest, follow: messages <= maxMessages }
      : { name, digest, follow: false, batch: batchId(name, batch) }
  return cells.map(({ arm, seed, steps, estimator }) => ({
    arm,
    seed,
    input: { name, arm, seed, steps, sweep },
    estimator,
  }))
}
