/** Inputs and results of the workflows, and the queries, signals and updates that they take. Clients import it too. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { StageOutputs } from '../activities/training/training.js'
import type { Measured } from '../pipelines/config/early-stop.js'
import type { ExperimentConfig, SweepPlan } from '../pipelines/config/schema.js'
import { idInSweep } from '../pipelines/config/start-order.js'

// --- Queues ---

/** One process takes workflows and activities without the policy, another one those with the policy. */
export const queues = { workflows: 'rlev', io: 'rlev-io', gpu: 'rlev-gpu' } as const

// --- Inputs and results ---

export interface ExperimentInput {
  /** Name of the plan: the experiment, or its sweep. */
  name: string
  /** Arm in the sweep; for a single experiment the same as `name`. */
  arm: string
  seed: number
  config: ExperimentConfig
  /** Only in a sweep. `follow`: whether to send the sweep each evaluation. */
  sweep?: { name: string; follow: boolean }
  /** The state of the run before, if the experiment continued as new. */
  carried?: Carried
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

export interface SweepInput {
  plan: SweepPlan
}

export interface SweepResult {
  name: string
  experiments: readonly ExperimentProgress[]
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
  /** An experiment that has not started is in the stage `prepare` at step 0. The step changes at evaluations. */
  experiments: ExperimentProgress[]
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
