/** What Temporal has of a run: the executions of its workflow, and those of a sweep's experiments, with their histories. */
import type { WorkflowExecutionInfo } from '@temporalio/client'
import { experimentsOf } from '../../activities/store/runs.js'
import { homeId } from '../../activities/workplace.js'
import type { Plan } from '../../pipelines/config/schema.js'
import type { TemporalRuns } from '../runs/temporal-runs.js'

/**
 * Deletes them, and gives their number. A Temporal server may serve several homes, so an execution must say that it is of this one, or be
 * of an experiment that such a one started. Those that are open are left: the caller has seen that nothing is at work.
 */
export async function forgetWorkflows(home: string, plan: Plan, temporal: TemporalRuns): Promise<number> {
  const own = homeId(home)
  const roots = (await temporal.executions(plan.name)).filter(({ memo }) => memo?.['home'] === own)
  const parents = new Set(roots.map(({ runId }) => runId))
  const found: WorkflowExecutionInfo[] = []
  if (plan.kind === 'sweep' && roots.length > 0) {
    for (const { id } of experimentsOf(plan)) {
      const executions = await temporal.executions(id)
      found.push(...executions.filter(({ parentExecution }) => parents.has(parentExecution?.runId ?? '')))
    }
  }
  // The roots last: by them a deletion that was interrupted knows the others.
  const closed = [...found, ...roots].filter(({ status }) => status.name !== 'RUNNING')
  for (const execution of closed) await temporal.forget(execution)
  return closed.length
}
