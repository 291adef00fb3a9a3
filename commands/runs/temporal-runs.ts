/**
 * The Temporal side of runs: what is known of a workflow, starting it, and telling it something. Every call has a deadline;
 * a server or a worker that does not answer is ServiceUnavailable, so that callers can wait and try again.
 */
import {
  Client,
  Connection,
  defaultPayloadConverter,
  isGrpcServiceError,
  type WorkflowExecutionDescription,
  type WorkflowExecutionInfo,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client'
import type { UpdateDefinition } from '@temporalio/common'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import { innermostMessage, RlevError } from '../../pipelines/errors.js'
import {
  type ExperimentProgress,
  type ExperimentResult,
  pauseSignal,
  progressQuery,
  resumeSignal,
  type SweepProgress,
  type SweepResult,
} from '../../workflows/messages.js'
import type { TemporalService } from '../services/temporal.js'
import { externalTemporal } from '../services/temporal.js'

/** What Temporal knows of a workflow, as long as it keeps it. */
export interface WorkflowFacts {
  status: 'running' | 'completed' | 'failed' | 'cancelled' | 'terminated'
  /** Milliseconds; of the first run of a chain, where the memo has it. */
  startedAt: number
  endedAt?: number
  memo: Readonly<Record<string, unknown>>
  /** How far the warm start is that it waits for, by its newest heartbeat (which leaves the worker every half a minute). */
  warmStart?: { done: number; of: number }
  /** The same of the responses of an evaluation. */
  answered?: { done: number; of: number }
  /** Ids of activities that somebody paused in Temporal itself. */
  pausedActivities: readonly string[]
  /** What the newest attempt of an activity failed with that is tried again. */
  trouble?: string
}

export type Ending =
  | { state: 'completed'; result: ExperimentResult | SweepResult }
  | { state: 'failed' | 'cancelled'; failure: string }

/** The gRPC code. */
const notFound = 5

/** Milliseconds for one call. */
const timeoutMs = 5_000

/** What is read of an execution in a list, or of one that is asked for itself. */
export type Execution = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'status' | 'memo' | 'parentExecution'>

export class TemporalRuns {
  readonly client: Client
  readonly #connection: Connection
  readonly #address: string

  constructor(service: TemporalService) {
    const external = externalTemporal()?.address === service.address
    const options = external ? loadClientConnectConfig().connectionOptions : {}
    this.#address = service.address
    this.#connection = Connection.lazy({ ...options, address: service.address, connectTimeout: timeoutMs })
    this.client = new Client({ connection: this.#connection, namespace: service.namespace })
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  /** Null where Temporal has no workflow of this id. */
  async facts(id: string): Promise<WorkflowFacts | null> {
    const description = await this.#call(id, handle => handle.describe())
    return description === null ? null : factsOf(description)
  }

  /** Null where Temporal has no workflow of this id; also answers for a closed one, as long as a worker runs. */
  progress(id: string): Promise<ExperimentProgress | SweepProgress | null> {
    return this.#call(id, handle => handle.query(progressQuery))
  }

  /** How a closed workflow ended. */
  async ending(id: string): Promise<Ending | null> {
    try {
      const result = await this.#call(id, handle => handle.result() as Promise<ExperimentResult | SweepResult>)
      return result === null ? null : { state: 'completed', result }
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error
      const cancelled = error.cause?.name === 'CancelledFailure'
      return { state: cancelled ? 'cancelled' : 'failed', failure: innermostMessage(error.cause ?? error) }
    }
  }

  /** False where there is no such workflow at work. */
  async pause(id: string): Promise<boolean> {
    return this.#told(id, handle => handle.signal(pauseSignal))
  }

  async resume(id: string): Promise<boolean> {
    return this.#told(id, handle => handle.signal(resumeSignal))
  }

  /** What `temporal activity pause` held goes on. */
  async unpauseActivities(id: string): Promise<void> {
    const { namespace, identity } = this.client.options
    for (const activity of (await this.facts(id))?.pausedActivities ?? []) {
      const request = { namespace, identity, execution: { workflowId: id }, id: activity }
      await this.guard(() => this.client.workflowService.unpauseActivity(request))
    }
  }

  /** False where there is no such workflow at work. @throws RlevError CallInvalid where the workflow refuses it. */
  async update<Argument>(id: string, update: UpdateDefinition<void, [Argument]>, argument: Argument): Promise<boolean> {
    try {
      return await this.#told(id, handle => handle.executeUpdate(update, { args: [argument] }))
    } catch (error) {
      if (!(error instanceof WorkflowUpdateFailedError)) throw error
      throw new RlevError({ kind: 'CallInvalid', message: innermostMessage(error), place: id, cause: error })
    }
  }

  async cancel(id: string): Promise<boolean> {
    return this.#told(id, handle => handle.cancel())
  }

  /** Every execution of a workflow that Temporal still has, also closed ones. The newest is asked for itself: lists lag behind. */
  async executions(id: string): Promise<Execution[]> {
    const listed: Execution[] = await this.#list(`WorkflowId = ${JSON.stringify(id)}`)
    const newest = await this.#call(id, handle => handle.describe())
    return newest === null ? listed : [...listed.filter(({ runId }) => runId !== newest.runId), newest]
  }

  /** The same of the batches of a sweep. */
  batches(sweep: string): Promise<Execution[]> {
    return this.#list(`WorkflowId STARTS_WITH ${JSON.stringify(`${sweep}/batch-`)} AND WorkflowType = "sweepBatch"`)
  }

  #list(query: string): Promise<WorkflowExecutionInfo[]> {
    return this.guard(async () => {
      const found: WorkflowExecutionInfo[] = []
      for await (const execution of this.client.workflow.list({ query })) found.push(execution)
      return found
    })
  }

  /** Deletes a closed execution with its history. The server does so soon after. */
  async forget({ workflowId, runId }: Pick<WorkflowExecutionInfo, 'workflowId' | 'runId'>): Promise<void> {
    const { namespace } = this.client.options
    const request = { namespace, workflowExecution: { workflowId, runId } }
    await this.guard(async () => {
      try {
        await this.client.workflowService.deleteWorkflowExecution(request)
      } catch (error) {
        if (!(isGrpcServiceError(error) && error.code === notFound)) throw error
      }
    })
  }

  async #told(id: string, tell: (handle: WorkflowHandle) => Promise<unknown>): Promise<boolean> {
    const told = await this.#call(id, async handle => {
      await tell(handle)
      return true
    })
    return told !== null
  }

  async #call<Result>(id: string, call: (handle: WorkflowHandle) => Promise<Result>): Promise<Result | null> {
    return this.guard(async () => {
      try {
        return await call(this.client.workflow.getHandle(id))
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return null
        throw error
      }
    })
  }

  /** @throws RlevError ServiceUnavailable where the server, or the worker that must answer a query, is away. */
  async guard<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      return await this.client.withDeadline(Date.now() + timeoutMs, call)
    } catch (error) {
      if (!isAbsence(error)) throw error
      throw new RlevError({
        kind: 'ServiceUnavailable',
        message: 'the Temporal server or its worker does not answer',
        place: this.#address,
        found: innermostMessage(error),
        remedy: '`rlev up` starts what is missing; `rlev doctor` shows what is',
        cause: error,
      })
    }
  }
}

/** gRPC codes that say the call itself is wrong; every other one may pass. */
const wrongCalls: ReadonlySet<number> = new Set([3, 5, 6, 7, 12, 16])

function isAbsence(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  return [error, cause].some(one => isGrpcServiceError(one) && !wrongCalls.has(one.code))
}

function factsOf({ status, startTime, closeTime, memo = {}, raw }: WorkflowExecutionDescription): WorkflowFacts {
  const startedAt = memo['startedAt']
  return {
    status: statusOf(status.name),
    startedAt: typeof startedAt === 'number' ? startedAt : startTime.getTime(),
    ...(closeTime === undefined ? {} : { endedAt: closeTime.getTime() }),
    memo,
    ...progressOf(raw),
    ...troubleOf(raw),
    pausedActivities: (raw.pendingActivities ?? []).flatMap(({ paused, activityId }) =>
      paused ? (activityId ?? []) : [],
    ),
  }
}

/** Runs begin while MLflow still starts: so many attempts to reach it may fail without meaning anything. */
const startingAttempts = 5

/** What the newest attempt at an activity failed with. */
export function troubleOf({
  pendingActivities,
}: Pick<WorkflowExecutionDescription['raw'], 'pendingActivities'>): Pick<WorkflowFacts, 'trouble'> {
  const failing = pendingActivities?.find(
    ({ activityType, attempt, lastFailure, paused }) =>
      lastFailure?.message && !paused && !(activityType?.name === 'openTracking' && (attempt ?? 0) <= startingAttempts),
  )
  if (failing === undefined) return {}
  const { activityType, attempt, lastFailure } = failing
  return { trouble: troubleText({ activity: activityType?.name, attempt, reason: lastFailure?.message }) }
}

/** What holds an activity up, and the remedy if the attempt before was only slow. */
export function troubleText({
  activity,
  attempt,
  reason,
}: {
  activity: string | null | undefined
  attempt: number | null | undefined
  reason: string | null | undefined
}): string {
  const trouble = `attempt ${attempt} of ${activity} follows one that failed: ${reason}`
  if (!/heartbeat timeout/i.test(reason ?? '')) return trouble
  return `${trouble}. Its worker died, or was silent for longer than durability.heartbeatTimeout; if this happens again on a slow or busy machine, raise that key and start the run again by the same command`
}

/** Activities whose heartbeats say how far they are. */
const counted = { warmStart: 'warmStart', answerItems: 'answered', evaluatePolicy: 'answered' } as const

/** By the newest heartbeat of what is under way. */
function progressOf({
  pendingActivities,
}: Pick<WorkflowExecutionDescription['raw'], 'pendingActivities'>): Pick<WorkflowFacts, 'warmStart' | 'answered'> {
  for (const { activityType, heartbeatDetails } of pendingActivities ?? []) {
    const name = activityType?.name ?? ''
    const payload = heartbeatDetails?.payloads?.[0]
    if (!Object.hasOwn(counted, name) || payload === undefined || payload === null) continue
    // A heartbeat before the first progress has no details.
    const { done, of } = defaultPayloadConverter.fromPayload<{ done?: number; of?: number } | undefined>(payload) ?? {}
    if (done !== undefined && of !== undefined) return { [counted[name as keyof typeof counted]]: { done, of } }
  }
  return {}
}

function statusOf(name: WorkflowExecutionDescription['status']['name']): WorkflowFacts['status'] {
  switch (name) {
    case 'COMPLETED':
      return 'completed'
    case 'FAILED':
    case 'TIMED_OUT':
      return 'failed'
    case 'CANCELLED':
      return 'cancelled'
    case 'TERMINATED':
      return 'terminated'
    default:
      return 'running'
  }
}
