/** Starting the workflow of a plan, with what the Web UI's list shows of it from the first moment. */
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client'
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import { digest } from '../../pipelines/config/digest.js'
import type { Plan } from '../../pipelines/config/schema.js'
import { type ExperimentInput, queues, type SweepInput } from '../../workflows/messages.js'
import type { TemporalRuns } from './temporal-runs.js'

/** `home`: of which home the run is; a Temporal server may serve several. */
export async function startWorkflow(options: { temporal: TemporalRuns; plan: Plan; home: string }): Promise<void> {
  const { temporal, plan, home } = options
  const config = plan.kind === 'sweep' ? plan.arms[0]?.config : plan.config
  await temporal.guard(() =>
    temporal.client.workflow.start(plan.kind, {
      workflowId: plan.name,
      taskQueue: queues.workflows,
      args: [inputOf(plan)],
      // Two commands at the same time: the second one attaches to what the first one started.
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      staticSummary: summaryOf(plan),
      memo: { home, plan: planDigest(plan), startedAt: Date.now() },
      typedSearchAttributes: [
        {
          key: defineSearchAttributeKey(plan.kind === 'sweep' ? 'RlevSweep' : 'RlevArm', SearchAttributeType.KEYWORD),
          value: plan.name,
        },
        ...(config === undefined || plan.kind === 'sweep'
          ? []
          : [
              {
                key: defineSearchAttributeKey('RlevEstimator', SearchAttributeType.KEYWORD),
                value: config.estimator.name,
              },
            ]),
      ],
    }),
  )
}

/** What a plan asks for; warnings are about the program that read it. */
export function planDigest(plan: Plan): string {
  return digest({ ...plan, warnings: [] })
}

function inputOf(plan: Plan): ExperimentInput | SweepInput {
  if (plan.kind === 'sweep') return { plan }
  return { name: plan.name, arm: plan.name, seed: plan.config.seed, config: plan.config }
}

function summaryOf(plan: Plan): string {
  if (plan.kind === 'experiment')
    return `${plan.config.estimator.name}, ${plan.config.steps} steps, seed ${plan.config.seed}`
  const { seeds } = plan.settings
  return `${plan.arms.length} arms x ${seeds.length} seeds, baseline ${plan.settings.baseline}`
}
