/** What a sweep in batches and its batches tell each other. A batch is a workflow that starts and follows some of the experiments. */
import { defineSignal } from '@temporalio/workflow'
import type { SweepReference } from '../../activities/store/runs/frozen-sweep.js'
import type { Limits } from '../limits.js'
import type { Share } from './places.js'

export interface BatchShape {
  /** Experiments of one batch. */
  cells: number
  /** Events after which the sweep continues as new, and a batch gives the experiments that it has not begun back to it. */
  maxEvents: number
}

/** Experiments in the order of their start, counted from 0; `to` is not one of them. */
export interface Range {
  from: number
  to: number
}

/** What the sweep knows of one of its batches. */
export interface BatchState extends Range, Share {
  /** Counted from 1. */
  number: number
  ended: boolean
  counts: Counts
  lost: Lost
  trackingFailure?: string
  /** The newest steering that was sent, as JSON. */
  sent: string
}

/** Experiments by their state. `waiting`: not begun. */
export interface Counts {
  waiting: number
  running: number
  done: number
  failed: number
  cancelled: number
}

/** Experiments that ended without a result. */
export interface Lost {
  /** By arm; those of arms that were stopped too. */
  arms: Readonly<Record<string, number>>
  /** The first of them in words. */
  examples: readonly string[]
  /** Those that were not begun because another one had failed. */
  notBegun: number
  /** Those of which nothing is known, because their batch ended before it had told. */
  unknown?: number
}

export interface BatchInput extends SweepReference, Range {
  number: number
  maxEvents: number
  /** First run of the sweep that it is of. A later sweep of this name ignores its news. */
  sweepRun: string
  limits: Limits
  steering: Steering
}

/** The workflow `sweepBatch`, for code that starts it without importing it. */
export type BatchWorkflow = (input: BatchInput) => Promise<void>

/** What a sweep wants of a batch. Each message has all of it, so that only the newest one counts. */
export interface Steering extends Pick<Share, 'granted' | 'limit'> {
  paused: boolean
  /** Nothing begins any more, because an experiment has failed. */
  halted: boolean
  /** Arms that were stopped. */
  stopped: readonly string[]
  /** Whether a failure is told at once. */
  haltsAtFailure: boolean
}

/** How far a batch is. Each message has all of it. */
export interface BatchNews extends Pick<Share, 'returned' | 'open'> {
  sweepRun: string
  number: number
  counts: Counts
  lost: Lost
  trackingFailure?: string
  /** Why it ended early; absent if it was cancelled. */
  failure?: string
  /** It is the last message. */
  ended: boolean
  /** The experiments from here on were given back. */
  next?: number
}

export interface BatchProgress extends Range {
  /** Workflow id. */
  id: string
  ended: boolean
}

/** From a sweep to its batch. */
export const steerSignal = defineSignal<[Steering]>('steer')

/** From a batch to its sweep. */
export const newsSignal = defineSignal<[BatchNews]>('news')

/** Workflow id of a batch. Ids of experiments have three parts. */
export function batchId(sweep: string, number: number): string {
  return `${sweep}/batch-${number}`
}
