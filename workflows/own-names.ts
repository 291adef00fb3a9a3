/** The names that this workflow uses on the Temporal server: they are of the home and build that it belongs to itself. */
import { workflowInfo } from '@temporalio/workflow'
import { type Queues, queuesBeside, workflowIdBeside } from './queues.js'

export function ownQueues(): Queues {
  return queuesBeside(workflowInfo().taskQueue)
}

/** Workflow id of another run or experiment of the same home. */
export function ownWorkflowId(id: string): string {
  return workflowIdBeside(workflowInfo().workflowId, id)
}
