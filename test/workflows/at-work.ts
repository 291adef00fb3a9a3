/** Experiments on test services: started, looked at in Temporal, in MLflow and in the store. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import type { ProcessRecord } from '../../activities/machine/services-record.js'
import { MlflowClient } from '../../activities/mlflow/client.js'
import type { Run } from '../../activities/mlflow/types.js'
import { namesIn } from '../../activities/store/files.js'
import { experimentPaths, runFolder, stepName } from '../../activities/store/runs/run-folder.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { experiment } from '../../workflows/experiment.js'
import { type ExperimentProgress, progressQuery } from '../../workflows/messages.js'
import { TestServices } from '../services.js'

/** Services with an orchestrator and a policy worker, and experiments on them. */
export async function startAtWork(): Promise<{
  services: TestServices
  orchestrator: ProcessRecord
  policyWorker: ProcessRecord
  work: AtWork
}> {
  const services = await TestServices.start({ temporal: true, mlflow: true })
  try {
    const [orchestrator, policyWorker] = await Promise.all([
      services.startWorker('orchestrator'),
      services.startWorker('policy'),
    ])
    return { services, orchestrator, policyWorker, work: new AtWork(services) }
  } catch (error) {
    await services.stop()
    throw error
  }
}

export type Handle = WorkflowHandleWithFirstExecutionRunId<typeof experiment>

export class AtWork {
  readonly mlflow: MlflowClient
  readonly #services: TestServices

  constructor(services: TestServices) {
    this.#services = services
    this.mlflow = new MlflowClient({ address: services.services.mlflow.url })
  }

  start(config: ExperimentConfig): Promise<Handle> {
    const { name, seed } = config
    const args: Parameters<typeof experiment> = [{ name, arm: name, seed, config }]
    return this.#services.client.workflow.start<typeof experiment>('experiment', {
      workflowId: name,
      taskQueue: this.#services.queues.workflows,
      args,
    })
  }

  async run(config: ExperimentConfig) {
    return (await this.start(config)).result()
  }

  async progressOf(handle: Handle): Promise<ExperimentProgress> {
    return (await handle.query(progressQuery)) as ExperimentProgress
  }

  /** Of an experiment, or of a sweep with its experiments. */
  async trackedRuns(name: string): Promise<Run[]> {
    const found = await this.mlflow.getExperimentByName('rlev')
    const runs = await this.mlflow.searchRuns({ experimentIds: [found?.experiment_id ?? ''], filter: '' })
    const key = (tagged: Run) => tagged.data.tags?.find(tag => tag.key === 'rlev.key')?.value ?? ''
    return runs.filter(tagged => new RegExp(`^${name}[@/]`).test(key(tagged)))
  }

  optimizerBytes(name: string, step: number): Buffer {
    const checkpoints = experimentPaths.checkpoints(runFolder(this.#services.path, name))
    return readFileSync(join(checkpoints, stepName(step), 'optimizer.safetensors'))
  }

  /** Steps whose metrics are in the journal. */
  journaled(name: string): number {
    return namesIn(join(runFolder(this.#services.path, name), 'metrics')).length
  }
}

export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) if (await holds()) return
  throw new Error(`waited a minute in vain for: ${what}`)
}
