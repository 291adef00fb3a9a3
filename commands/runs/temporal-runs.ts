/**
 * The Temporal side of runs: what is known of a workflow, starting it, and telling it something. Every call has a deadline;
 * a server or a worker that does not answer is ServiceUnavailable, so that callers can wait and try again.
 */
import {
  Client,
  Connection,
  isGrpcServiceError,
  type WorkflowExecutionInfo,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client'
import type { UpdateDefinition } from '@temporalio/common'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import { homeId } from '../../activities/workplace.js'
import { workflowIdOf } from '../../pipelines/config/names.js'
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
import { workflowIdBeside } from '../../workflows/queues.js'
import type { Home } from '../services/home.js'
import type { TemporalService } from '../services/temporal.js'
import { externalTemporal } from '../services/temporal.js'
import { factsOf, type WorkflowFacts } from './workflow-facts.js'

export type Ending =
  | { state: 'completed'; result: ExperimentResult | SweepResult }
  | { state: 'failed' | 'cancelled'; failure: string }

/** The gRPC code. */
const notFound = 5

/** Milliseconds for one call. */
const timeoutMs = 5_000

/** What is read of an execution in a list, or of one that is asked for itself. */
export type Execution = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'status' | 'memo' | 'parentExecution'>

const runOf = (id: string): string => id.split('/')[0] ?? id

export class TemporalRuns {
  readonly client: Client
  readonly #connection: Connection
  readonly #address: string
  readonly #home: Pick<Home, 'path'>
  /** Whether the server is of this home alone. */
  readonly #isOurs: boolean
  /** Names of runs whose workflows have ids of an earlier version, which do not say the home. */
  readonly #plain = new Set<string>()

  /** All ids that it takes are of runs and experiments of `home`. */
  constructor(service: TemporalService, home: Pick<Home, 'path'>) {
    this.#home = home
    this.#isOurs = service.port !== undefined
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
    if (description !== null) return factsOf(description)
    return this.#plain.has(runOf(id)) ? null : this.#earlier(id)
  }

  /** A run that an earlier version started, whose workflow has its name and no more. Another home may have one of that name. */
  async #earlier(id: string): Promise<WorkflowFacts | null> {
    const description = await this.#at(id, handle => handle.describe())
    if (description === null) return null
    const facts = factsOf(description)
    const { home = this.#isOurs ? homeId(this.#home.path) : undefined } = facts.memo
    if (home !== homeId(this.#home.path)) return null
    this.#plain.add(runOf(id))
    return facts
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
      const request = { namespace, identity, execution: { workflowId: this.workflowId(id) }, id: activity }
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

  /** Ends a run at once whose workers are gone, with the experiments of a sweep: nobody could answer a cancellation. */
  async terminate(name: string): Promise<void> {
    const open = await this.#list(
      `ExecutionStatus = "Running" AND WorkflowId STARTS_WITH ${JSON.stringify(`${name}/`)}`,
    )
    const listed = open.map(({ workflowId }) => workflowId).filter(id => id === this.#beside(name, id))
    const ids = new Set([this.workflowId(name), ...listed])
    // Lists lag behind, so each is asked for its children too, and those for theirs.
    for (const id of ids) {
      const description = await this.#at(id, handle => handle.describe())
      for (const { workflowId } of description?.raw.pendingChildren ?? []) if (workflowId) ids.add(workflowId)
    }
    for (const id of ids)
      await this.#at(id, handle => handle.terminate('no worker of its version of the code is there'))
  }

  /** Every execution of a workflow that Temporal still has, also closed ones. The newest is asked for itself: lists lag behind. */
  async executions(id: string): Promise<Execution[]> {
    const ids = [workflowIdOf(id, homeId(this.#home.path)), id]
    return (await Promise.all(ids.map(one => this.#executionsOf(one)))).flat()
  }

  async #executionsOf(workflowId: string): Promise<Execution[]> {
    const listed: Execution[] = await this.#list(`WorkflowId = ${JSON.stringify(workflowId)}`)
    const newest = await this.#at(workflowId, handle => handle.describe())
    return newest === null ? listed : [...listed.filter(({ runId }) => runId !== newest.runId), newest]
  }

  /** The same of the batches of a sweep. */
  batches(sweep: string): Promise<Execution[]> {
    return this.#list(`WorkflowId STARTS_WITH ${JSON.stringify(`${sweep}/batch-`)} AND WorkflowType = "sweepBatch"`)
  }

  /** The id of its workflow, as far as it is known: ids of an earlier version are found by `facts`. */
  workflowId(id: string): string {
    return this.#plain.has(runOf(id)) ? id : workflowIdOf(id, homeId(this.#home.path))
  }

  /** A run was started again: what it was called in an earlier version no longer counts. */
  startedAnew(name: string): void {
    this.#plain.delete(name)
  }

  /** Whether a relative of a run has its kind of id: the same text, if so. */
  #beside(name: string, id: string): string {
    return workflowIdBeside(this.workflowId(name), id.split('@')[0] ?? id)
  }

  #list(query: string): Promise<WorkflowExecutionInfo[]> {
    return this.guard(async () => {
      const found: WorkflowExecutionInfo[] = []
      for await (const execution of this.client.workflow.list({ query })) found.push(execution)
      return found
    })
  }

  /** Null where Temporal does not have the execution. */
  isOpen({ workflowId, runId }: Pick<WorkflowExecutionInfo, 'workflowId' | 'runId'>): Promise<boolean | null> {
    return this.#at(workflowId, async () => {
      const { status } = await this.client.workflow.getHandle(workflowId, runId).describe()
      return status.name === 'RUNNING'
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

  #call<Result>(id: string, call: (handle: WorkflowHandle) => Promise<Result>): Promise<Result | null> {
    return this.#at(this.workflowId(id), call)
  }

  #at<Result>(workflowId: string, call: (handle: WorkflowHandle) => Promise<Result>): Promise<Result | null> {
    return this.guard(async () => {
      try {
        return await call(this.client.workflow.getHandle(workflowId))
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
