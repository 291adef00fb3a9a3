/** What Temporal has of a run: the executions of its workflow, and those of a sweep's batches and experiments, with their histories. */
import { setTimeout as sleep } from 'node:timers/promises'
import { experimentsOf } from '../../activities/store/runs/runs.js'
import { homeId } from '../../activities/workplace.js'
import type { Plan } from '../../pipelines/config/schema.js'
import type { Execution, TemporalRuns } from '../runs/temporal-runs.js'

/**
 * Deletes them, and gives their number. A Temporal server may serve several homes, so an execution must say that it is of this one, or have
 * been started by such a one. Those that are open are left: the caller has seen that nothing is at work.
 */
export async function forgetWorkflows(home: string, plan: Plan, temporal: TemporalRuns): Promise<number> {
  const own = homeId(home)
  const roots = (await temporal.executions(plan.name)).filter(({ memo }) => memo?.['home'] === own)
  const parents = new Set(roots.map(({ runId }) => runId))
  const ofParents = ({ parentExecution }: Execution) => parents.has(parentExecution?.runId ?? '')
  const found: Execution[] = []
  const batches: Execution[] = []
  if (plan.kind === 'sweep' && roots.length > 0) {
    batches.push(...(await temporal.batches(plan.name)).filter(ofParents))
    for (const { runId } of batches) parents.add(runId)
    for (const { id } of experimentsOf(plan)) {
      const executions = await temporal.executions(id)
      found.push(...executions.filter(ofParents))
    }
  }
  // Those that started others last: by them a deletion that was interrupted knows the others.
  return forgetAll([...found, ...batches, ...roots], temporal)
}

/** For executions that are about to close, and for the server to delete what it was asked to. (ms) */
const waitMs = { open: 3_000, closed: 20_000 }
const pauseMs = 500

/** Until the server has none of them: a deletion right after the end of an execution is put off, or lost. */
async function forgetAll(executions: readonly Execution[], temporal: TemporalRuns): Promise<number> {
  const began = Date.now()
  const asked = new Set<Execution>()
  let left = executions
  for (;;) {
    const still: Execution[] = []
    for (const execution of left) {
      const open = await temporal.isOpen(execution)
      if (open === null) continue
      still.push(execution)
      if (open) continue
      await temporal.forget(execution)
      asked.add(execution)
    }
    const waited = Date.now() - began
    left = still.filter(execution => waited < (asked.has(execution) ? waitMs.closed : waitMs.open))
    if (left.length === 0) return asked.size
    await sleep(pauseMs)
  }
}
