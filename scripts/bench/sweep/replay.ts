/** The histories of a sweep and of its batches: events, bytes, and the CPU of a replay of each, which a new worker has to do. */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client'
import { Worker, type WorkflowBundleOption } from '@temporalio/worker'
import { batchId } from '../../../workflows/batches/batch-messages.js'

export interface Replayed {
  workflowId: string
  events: number
  /** Of the history as the server counts it. */
  bytes: number
  /** Of this process while it replays. (s) */
  cpuSeconds: number
}

/** The sweep in all of its runs, and its batches. `onlyOpen`: what a worker would have to replay at this moment. */
export async function replaySweep(
  client: Client,
  bundle: WorkflowBundleOption,
  { name, onlyOpen }: { name: string; onlyOpen: boolean },
): Promise<Replayed[]> {
  const query = `RlevSweep = "${name}" AND (WorkflowType = "sweep" OR WorkflowType = "sweepBatch")`
  const found: WorkflowExecutionInfo[] = []
  for await (const execution of client.workflow.list({ query })) {
    if (!onlyOpen || execution.status.name === 'RUNNING') found.push(execution)
  }
  const isFirst = ({ workflowId }: WorkflowExecutionInfo) => workflowId.split('@')[0] === batchId(name, 1)
  const ordered = found.sort((a, b) => Number(isFirst(b)) - Number(isFirst(a)))
  const replayed: Replayed[] = []
  for (const { workflowId, runId } of ordered) replayed.push(await replay(client, bundle, { workflowId, runId }))
  // The first one also pays for the loading of the workflows.
  const [again] = ordered
  return again === undefined ? [] : [await replay(client, bundle, again), ...replayed.slice(1)]
}

async function replay(
  client: Client,
  bundle: WorkflowBundleOption,
  { workflowId, runId }: { workflowId: string; runId: string },
): Promise<Replayed> {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory()
  const before = process.cpuUsage()
  for await (const { error } of Worker.runReplayHistories({ workflowBundle: bundle }, [{ workflowId, history }])) {
    if (error !== undefined) throw error
  }
  const { user, system } = process.cpuUsage(before)
  const { historySize } = await client.workflow.getHandle(workflowId, runId).describe()
  return {
    ...{ workflowId, events: history.events?.length ?? 0, bytes: historySize ?? 0 },
    cpuSeconds: (user + system) / 1e6,
  }
}
