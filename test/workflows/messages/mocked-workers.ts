/** The workflows on a real Temporal server, in this process, with mocked activities: no policy, no files, no MLflow. */
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type WorkflowHandleWithFirstExecutionRunId, WorkflowNotFoundError } from '@temporalio/client'
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker'
import { planDigest } from '../../../pipelines/config/digest.js'
import type { ExperimentConfig, SweepPlan } from '../../../pipelines/config/schema.js'
import type { experiment } from '../../../workflows/experiment.js'
import {
  type ExperimentProgress,
  progressQuery,
  queues,
  type SweepInput,
  type SweepProgress,
} from '../../../workflows/messages.js'
import type { sweep } from '../../../workflows/sweep.js'
import { TestServices } from '../../services.js'
import { MockedActivities } from './mocked-activities.js'

export type Experiment = WorkflowHandleWithFirstExecutionRunId<typeof experiment>
export type Sweep = WorkflowHandleWithFirstExecutionRunId<typeof sweep>

export class MockedWorkers {
  readonly activities: MockedActivities
  readonly #services: TestServices
  readonly #connection: NativeConnection
  readonly #workflowBundle: WorkflowBundleWithSourceMap
  readonly #workers: Worker[] = []
  readonly #running: Promise<void>[] = []

  private constructor(options: {
    activities: MockedActivities
    services: TestServices
    connection: NativeConnection
    workflowBundle: WorkflowBundleWithSourceMap
    workers: readonly Worker[]
  }) {
    this.activities = options.activities
    this.#services = options.services
    this.#connection = options.connection
    this.#workflowBundle = options.workflowBundle
    for (const worker of options.workers) this.#run(worker)
  }

  static async start(): Promise<MockedWorkers> {
    const logger = new DefaultLogger('ERROR')
    Runtime.install({ logger })
    const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
    const [services, workflowBundle] = await Promise.all([
      TestServices.start({ temporal: true, mlflow: false }),
      bundleWorkflowCode({
        workflowsPath: path('../../../workflows/index.js'),
        workflowInterceptorModules: [path('held-start.js')],
        logger,
      }),
    ])
    const connection = await NativeConnection.connect({ address: services.services.temporal.address })
    const activities = new MockedActivities()
    // A held activity hears of its cancellation with the answer to a heartbeat.
    const often = { maxHeartbeatThrottleInterval: 100, defaultHeartbeatThrottleInterval: 100 }
    const workers = await Promise.all([
      Worker.create({ connection, taskQueue: queues.workflows, workflowBundle }),
      Worker.create({ connection, taskQueue: queues.io, activities: activities.io, ...often }),
      Worker.create({ connection, taskQueue: queues.gpu, activities: activities.gpu, ...often }),
    ])
    return new MockedWorkers({ activities, services, connection, workflowBundle, workers })
  }

  async stop(): Promise<void> {
    this.activities.releaseAll()
    for (const worker of this.#workers) worker.shutdown()
    await Promise.all(this.#running)
    await this.#connection.close()
    await this.#services.stop()
  }

  /** Workflows that were started for this task queue wait until then. */
  async serve(taskQueue: string): Promise<void> {
    const connection = this.#connection
    this.#run(await Worker.create({ connection, taskQueue, workflowBundle: this.#workflowBundle }))
  }

  startExperiment(config: ExperimentConfig, taskQueue: string = queues.workflows): Promise<Experiment> {
    const { name, seed } = config
    return this.#services.client.workflow.start<typeof experiment>('experiment', {
      workflowId: name,
      taskQueue,
      args: [{ name, arm: name, seed, config }],
    })
  }

  startSweep(plan: SweepPlan, taskQueue?: string): Promise<Sweep> {
    this.activities.keep(plan)
    return this.#startSweep(plan, { name: plan.name, digest: planDigest(plan) }, taskQueue)
  }

  /** A batch has so many experiments. `maxEvents`: until the sweep continues as new. */
  startLargeSweep(
    plan: SweepPlan,
    { cells, maxEvents = 1e4 }: { cells: number; maxEvents?: number },
    taskQueue?: string,
  ): Promise<Sweep> {
    this.activities.keep(plan)
    const { name } = plan
    return this.#startSweep(plan, { name, digest: planDigest(plan), batches: { cells, maxEvents } }, taskQueue)
  }

  /** As older versions did. */
  startSweepByPlan(plan: SweepPlan): Promise<Sweep> {
    return this.#startSweep(plan, { plan })
  }

  #run(worker: Worker): void {
    const running = worker.run()
    // `stop` reports it.
    running.catch(() => {})
    this.#workers.push(worker)
    this.#running.push(running)
  }

  #startSweep(plan: SweepPlan, input: SweepInput, taskQueue: string = queues.workflows): Promise<Sweep> {
    return this.#services.client.workflow.start<typeof sweep>('sweep', {
      workflowId: plan.name,
      taskQueue,
      args: [input],
    })
  }

  /** An experiment of a sweep that is gone, which still has its id. */
  startStray(plan: SweepPlan, { arm, seed }: { arm: string; seed: number }): Promise<Experiment> {
    const config = plan.arms.find(({ name }) => name === arm)?.config
    if (config === undefined) throw new Error(`no arm ${arm}`)
    const { name } = plan
    return this.#services.client.workflow.start<typeof experiment>('experiment', {
      workflowId: `${name}/${arm}/seed-${seed}`,
      taskQueue: queues.workflows,
      args: [{ name, arm, seed, config, sweep: { name, follow: true } }],
    })
  }

  /** Of a workflow in Temporal; `NOT FOUND` if there was none of this id. */
  async statusOf(workflowId: string): Promise<string> {
    try {
      return (await this.handleOf(workflowId).describe()).status.name
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'NOT FOUND'
      throw error
    }
  }

  handleOf(workflowId: string) {
    return this.#services.client.workflow.getHandle(workflowId)
  }
}

export async function experimentProgress(handle: Pick<Experiment, 'query'>): Promise<ExperimentProgress> {
  return (await handle.query(progressQuery)) as ExperimentProgress
}

export async function sweepProgress(handle: Pick<Sweep, 'query'>): Promise<SweepProgress> {
  return (await handle.query(progressQuery)) as SweepProgress
}

/** Asks five times a second: each question to a workflow is a task of it. */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(200)) if (await holds()) return
  throw new Error(`waited a minute in vain for: ${what}`)
}

/** A machine that does other things too takes seconds for what takes a fraction of one. */
export const suite = { concurrency: true, timeout: 120_000 }

/** All suites share it: `startMocked` comes before their tests. */
export let mocked: MockedWorkers

export async function startMocked(): Promise<void> {
  mocked = await MockedWorkers.start()
}
