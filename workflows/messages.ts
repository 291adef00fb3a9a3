/** What goes into a workflow, what comes out, and what can be asked of it or told to it while it runs. For client code too. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { StageOutputs } from '../activities/training.js'
import type { ExperimentConfig, SweepPlan } from '../pipelines/config/schema.js'
import { idInSweep } from '../pipelines/config/start-order.js'

// --- Queues ---

/** Workflows and light activities live in one process, everything that needs the policy in another. */
export const queues = { workflows: 'rlev', io: 'rlev-io', gpu: 'rlev-gpu' } as const

// --- Inputs and results ---

export interface ExperimentInput {
  /** Name of the plan: the single experiment's own, or its sweep's. */
  name: string
  /** Arm in the sweep; of a single experiment its own name. */
  arm: string
  seed: number
  config: ExperimentConfig
  /** Present in a sweep. `follow`: whether the sweep wants to hear of each evaluation. */
  sweep?: { name: string; follow: boolean }
  /** What an experiment that continued as new brings along. */
  carried?: Carried
}

/** Plain JSON, a few hundred bytes: the store holds the rest. */
export interface Carried {
  stages: StageOutputs
  step: number
  /** What MLflow has, as in tracking.ts. */
  trackedStep: number
  trackedRun?: string
  unansweredSince?: number
  /** When the first run of the chain started, in ms. */
  startedAt: number
  paused: boolean
  progress: ExperimentProgress
}

export type ExperimentWorkflow = (input: ExperimentInput) => Promise<ExperimentResult>

export interface ExperimentResult {
  run: string
  step: number
  /** sha256 of the final weights; null if nothing was trained. */
  weights: string | null
  /** Of the newest evaluation, as in `ExperimentProgress`; null if there was none. */
  acc: number | null
  hAcc: number | null
  expectedHAcc: number | null
  reportPath?: string
  trackingUrl?: string
  /** Why tracking is not complete; the run's points are all in the store. */
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
  /** Greedy, expected: of the newest evaluation. */
  acc?: number
  hAcc?: number
  expectedHAcc?: number
  tokensPerSecond?: number
  secondsLeft?: number
  /** sha256 of the final weights, once there. */
  weights?: string
  trackingUrl?: string
  /** Since when nothing but MLflow is waited for, in ms by the workflow's clock: the result is in the store. */
  onlyTrackingSince?: number
  /** Why MLflow lacks some of what is in the store. */
  trackingFailure?: string
  failure?: string
}

export interface SweepProgress {
  name: string
  state: State
  /** Cells that have not started are absent from the counts of steps: step 0, stage `prepare`. Steps move at evaluations. */
  experiments: ExperimentProgress[]
  reportPath?: string
  trackingUrl?: string
  onlyTrackingSince?: number
}

// --- Messages ---

/** Answered by both workflows: `ExperimentProgress` by an experiment, `SweepProgress` by a sweep. */
export const progressQuery = defineQuery<ExperimentProgress | SweepProgress>('progress')

/** Takes effect at the next micro-batch of what the policy is at; a sweep passes it on to its experiments. */
export const pauseSignal = defineSignal('pause')
export const resumeSignal = defineSignal('resume')

/**
 * From an experiment to its sweep: where it stands. `trained`: its result is in the store, which frees its place for the next
 * one, and lets the sweep compare, while tracking catches up.
 */
export const movedSignal = defineSignal<[{ progress: ExperimentProgress; trained: boolean }]>('moved')

/** To a sweep: how many of its experiments run at the same time from now on. Refused (`CallInvalid`) below 1. */
export const concurrencyUpdate = defineUpdate<void, [experiments: number]>('concurrency')

/**
 * To a sweep: an arm is given up. What runs of it is cancelled, what has not begun is left out, and neither makes the sweep fail.
 * Refused (`CallInvalid`) for the name of no arm, and for one that others are compared with.
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
