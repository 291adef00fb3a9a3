/** The services of these suites, and experiments and sweeps on them. */
import type { ProcessRecord } from '../../../activities/machine/services-record.js'
import type { MlflowClient } from '../../../activities/mlflow/client.js'
import { freezePlan } from '../../../commands/runs/frozen-plan.js'
import { planDigest } from '../../../pipelines/config/digest.js'
import type { ExperimentConfig, SweepPlan } from '../../../pipelines/config/schema.js'
import type { sweep } from '../../../workflows/sweep.js'
import type { TestServices } from '../../services.js'
import { type AtWork, type Handle, startAtWork } from '../at-work.js'
import { tinyConfig } from '../tiny.js'

export let services: TestServices
let orchestrator: ProcessRecord
let policyWorker: ProcessRecord
let work: AtWork
export let mlflow: MlflowClient

export async function begin(): Promise<void> {
  ;({ services, orchestrator, policyWorker, work } = await startAtWork())
  mlflow = work.mlflow
}

/** One that holds no policy yet. */
export async function replacePolicyWorker(): Promise<void> {
  await services.kill(policyWorker)
  policyWorker = await services.startWorker('policy')
}

export async function replaceOrchestrator(known = services.services): Promise<void> {
  await services.kill(orchestrator)
  orchestrator = await services.startWorker('orchestrator', known)
}

export const start = (config: ExperimentConfig) => work.start(config)
export const run = (config: ExperimentConfig) => work.run(config)

export function startSweep(plan: SweepPlan) {
  freezePlan(services.path, plan, plan.name)
  return services.client.workflow.start<typeof sweep>('sweep', {
    workflowId: plan.name,
    taskQueue: services.queues.workflows,
    args: [{ name: plan.name, digest: planDigest(plan) }],
  })
}

export const progressOf = (handle: Handle) => work.progressOf(handle)
export const trackedRuns = (name: string) => work.trackedRuns(name)
export const optimizerBytes = (name: string, step: number) => work.optimizerBytes(name, step)

/** What every other cutting of the same experiment has to give. */
export const undisturbed = tinyConfig('undisturbed', { steps: 6 })
export let expected: { weights: string; optimizer: Buffer }

/** By the first experiment. */
export function expectBits(bits: typeof expected): void {
  expected = bits
}
