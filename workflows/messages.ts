/** Inputs and results of the workflows, and the queries, signals and updates that they take. Clients import it too. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { SweepReference } from '../activities/store/runs/frozen-sweep.js'
import type { StageOutputs } from '../activities/training/training.js'
import type { Measured } from '../pipelines/config/early-stop.js'
import type { ExperimentConfig, SweepPlan } from '../pipelines/config/schema.js'
import { idInSweep } from '../pipelines/config/start-order.js'
import type { SweepOutline } from '../pipelines/config/sweep-outline.js'
import type { BatchProgress, BatchShape, BatchState, Counts, Range } from './batches/batch-messages.js'

// --- Queues ---

/** One process takes workflows and activities without the policy, another one those with the policy. */
export const queues = { workflows: 'rlev', io: 'rlev-io', gpu: 'rlev-gpu' } as const

/** Type of the failure of an attempt whose worker process ended (commands/worker/dead-workers.ts). */
export const workerDied = 'WorkerDied'

// --- Inputs and results ---

export interface ExperimentInput {
  /** Name of the plan: the experiment, or its sweep. */
  name: string
  /** Arm in the sweep; for a single experiment the same as `name`. */
  arm: string
  seed: number
  /** Absent in a sweep: the experiment reads it from the home. Sweeps of older versions give it. */
  config?: ExperimentConfig
  /** If there is no config yet. */
  steps?: number
  /** Only in a sweep. */
  sweep?: SweepOfExperiment
  /** The state of the run before, if the experiment continued as new. */
  carried?: Carried
}

export interface SweepOfExperiment {
  name: string
  /** Whether to send each evaluation. */
  follow: boolean
  /** Of its plan; without one the input has the config. */
  digest?: string
  /** Workflow id of its batch, which it tells in place of the sweep. */
  batch?: string
}

/** Plain JSON of a few hundred bytes; everything else is in the store. */
export interface Carried {
  stages: StageOutputs
  step: number
  /** `Tracked` in tracking.ts. */
  trackedStep: number
  trackedRun?: string
  unansweredSince?: number
  /** Start of the first run of the chain. (ms) */
  startedAt: number
  paused: boolean
  progress: ExperimentProgress
  /** `KnownPlace` in policy-worker.ts. */
  place?: { engine: string; queue?: string; worker?: string }
  /** The metric of the evaluations so far, if one of them may end training. */
  measured?: readonly Measured[]
}

/** The workflow `experiment`, for code that starts it without importing it. */
export type ExperimentWorkflow = (input: ExperimentInput) => Promise<ExperimentResult>

export interface ExperimentResult {
  run: string
  step: number
  /** sha256 of the final weights; null if nothing was trained. */
  weights: string | null
  /** Of the newest evaluation, as in `ExperimentProgress`; null without an evaluation. */
  acc: number | null
  hAcc: number | null
  expectedHAcc: number | null
  /** Why it is complete before its last step, as in `ExperimentProgress`. */
  stoppedEarly?: string
  reportPath?: string
  trackingUrl?: string
  /** Why MLflow lacks some points. All of them are in the store. */
  trackingFailure?: string
}

/** The plan is in the home, where its digest pins it. Older versions gave the plan itself. */
export type SweepInput = SweepInHome | { plan: SweepPlan }

export interface SweepInHome extends SweepReference {
  /** Of a sweep in batches; absent if it starts its experiments itself. */
  batches?: BatchShape
  /** The state of the run before, if the sweep in batches continued as new. */
  carried?: CarriedSweep
}

/** Some hundred bytes a batch. */
export interface CarriedSweep extends Pick<Carried, 'trackedStep' | 'trackedRun' | 'unansweredSince'> {
  outline: SweepOutline
  batches: readonly BatchState[]
  /** Experiments that no batch has. */
  rest: readonly Range[]
  concurrency?: number
  stopped: readonly string[]
  paused: boolean
}

/** The workflow `sweep`, for code that starts it without importing it. */
export type SweepWorkflow = (input: SweepInput) => Promise<SweepResult>

export interface SweepResult {
  name: string
  /** Empty of a sweep in batches. */
  experiments: readonly ExperimentProgress[]
  /** Of a sweep in batches. */
  counts?: Counts
  reportPath?: string
  trackingUrl?: string
  trackingFailure?: string
}

// --- Progress ---

export type Stage = 'prepare' | 'warm start' | 'train' | 'evaluate' | 'report' | 'done'
export type State = 'running' | 'paused' | 'done' | 'failed' | 'cancelled'

export interface ExperimentProgress {
  name: string
  arm: string
  seed: number
  stage: Stage
  state: State
  step: number
  steps: number
  /** Mean reward of the newest step. */
  reward?: number
  /** Of the newest evaluation: `acc` and `hAcc` of greedy responses, `expectedHAcc` of sampled ones. */
  acc?: number
  hAcc?: number
  expectedHAcc?: number
  tokensPerSecond?: number
  /** Responses of the evaluation or rollout under way, if its pieces are divided among workers. */
  answered?: { done: number; of: number }
  secondsLeft?: number
  /** sha256 of the final weights, after the last step. */
  weights?: string
  /** Why it is complete before its last step. */
  stoppedEarly?: string
  trackingUrl?: string
  /** Since when it waits only for MLflow, by the workflow's clock; the result is in the store. (ms) */
  onlyTrackingSince?: number
  /** Why MLflow lacks some points. All of them are in the store. */
  trackingFailure?: string
  failure?: string
}

export interface SweepProgress {
  name: string
  state: State
  /**
   * An experiment that has not started is in the stage `prepare` at step 0. The step changes at evaluations. Empty of a sweep in batches,
   * which tell theirs themselves: each answers the query like a sweep.
   */
  experiments: ExperimentProgress[]
  /** Of a sweep in batches. */
  counts?: Counts
  batches?: readonly BatchProgress[]
  reportPath?: string
  trackingUrl?: string
  onlyTrackingSince?: number
}

// --- Messages ---

/** Answered by both workflows: `ExperimentProgress` by an experiment, `SweepProgress` by a sweep. */
export const progressQuery = defineQuery<ExperimentProgress | SweepProgress>('progress')

/** Takes effect at the next micro-batch of the policy. A sweep passes it on to its experiments. */
export const pauseSignal = defineSignal('pause')
export const resumeSignal = defineSignal('resume')

/**
 * From an experiment to its sweep: its progress. `trained`: its result is in the store, so the next experiment may start and the
 * sweep may compare, even if MLflow still lacks points.
 */
export const movedSignal = defineSignal<[{ progress: ExperimentProgress; trained: boolean }]>('moved')

/** To a sweep: how many of its experiments run at the same time from now on. Refused (`CallInvalid`) if it is not an integer of at least 1. */
export const concurrencyUpdate = defineUpdate<void, [experiments: number]>('concurrency')

/**
 * To a sweep: stop an arm. Its running experiments are cancelled, the others are left out, and the sweep does not fail because of
 * them. Refused (`CallInvalid`) for an unknown arm, and for an arm that others are compared with.
 */
export const stopArmUpdate = defineUpdate<void, [arm: string]>('stopArm')

// --- Names ---

/** Workflow id of an experiment, and its folder under `runs/`. */
export function experimentId({
  name,
  arm,
  seed,
  sweep,
}: Pick<ExperimentInput, 'name' | 'arm' | 'seed' | 'sweep'>): string {
  return sweep === undefined ? name : idInSweep(name, { arm, seed })
}
