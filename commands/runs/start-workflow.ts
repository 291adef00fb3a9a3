/** Starting the workflow of a plan that the home has, with what the Web UI's list shows of it from the first moment. */
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client'
import { codeOfThisProcess } from '../../activities/machine/code.js'
import { planDigest } from '../../pipelines/config/digest.js'
import { workflowIdOf } from '../../pipelines/config/names.js'
import type { Plan } from '../../pipelines/config/schema.js'
import type { BatchShape } from '../../workflows/batches/batch-messages.js'
import type { ExperimentInput, SweepInput } from '../../workflows/messages.js'
import { queuesOf } from '../../workflows/queues.js'
import { searchAttributes } from '../../workflows/search-attributes.js'
import type { TemporalRuns } from './temporal-runs.js'

/** Experiments that a sweep starts itself. Its history then has up to some 1,500 events, which are replayed in about a second (docs/sweeps.md). */
const mostWithoutBatches = 60

/** In the input of the workflow, so that another version of this command changes no sweep that is under way. */
const batches: BatchShape = { cells: 60, maxEvents: 1000 }

/**
 * It is computed by workers of this version of the code. `home`: id of the home that the run is of; a Temporal server may serve several.
 * `replace`: ends the workflow that is at work, of another version.
 */
export async function startWorkflow(options: {
  temporal: TemporalRuns
  plan: Plan
  home: string
  replace?: boolean
}): Promise<void> {
  const { temporal, plan, home, replace = false } = options
  const { USE_EXISTING, TERMINATE_EXISTING } = WorkflowIdConflictPolicy
  await temporal.guard(() =>
    temporal.client.workflow.start(plan.kind, {
      workflowId: workflowIdOf(plan.name, home),
      taskQueue: queuesOf({ home, code: codeOfThisProcess().digest }).workflows,
      args: [inputOf(plan)],
      // Two commands at the same time: the second one attaches to what the first one started.
      workflowIdConflictPolicy: replace ? TERMINATE_EXISTING : USE_EXISTING,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      staticSummary: summaryOf(plan),
      memo: { home, plan: planDigest(plan), startedAt: Date.now() },
      typedSearchAttributes: [
        ...(plan.kind === 'sweep'
          ? [{ key: searchAttributes.sweep, value: plan.name }]
          : [
              { key: searchAttributes.arm, value: plan.name },
              { key: searchAttributes.estimator, value: plan.config.estimator.name },
            ]),
      ],
    }),
  )
  temporal.startedAnew(plan.name)
}

function inputOf(plan: Plan): ExperimentInput | SweepInput {
  if (plan.kind === 'sweep') {
    const isLarge = plan.arms.length * plan.settings.seeds.length > mostWithoutBatches
    return { name: plan.name, digest: planDigest(plan), ...(isLarge ? { batches } : {}) }
  }
  return { name: plan.name, arm: plan.name, seed: plan.config.seed, config: plan.config }
}

function summaryOf(plan: Plan): string {
  if (plan.kind === 'experiment')
    return `${plan.config.estimator.name}, ${plan.config.steps} steps, seed ${plan.config.seed}`
  const { seeds } = plan.settings
  return `${plan.arms.length} arms x ${seeds.length} seeds, baseline ${plan.settings.baseline}`
}
