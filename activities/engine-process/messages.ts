/** What a policy worker and its engine process say to each other. */
import type { Info } from '@temporalio/activity'
import type { ApplicationFailureOptions, LogLevel } from '@temporalio/common'
import type { GpuActivities } from '../gpu-activities.js'

export type GpuActivityName = keyof GpuActivities

/** Its keys are the activities that the engine process runs. */
export const gpuActivityNames: Readonly<Record<GpuActivityName, true>> = {
  warmStart: true,
  predictValues: true,
  rollOut: true,
  rollOutPieces: true,
  updatePolicy: true,
  trainSteps: true,
  evaluatePolicy: true,
  answerItems: true,
  answerPieces: true,
}

export type ToEngine =
  | { kind: 'run'; name: GpuActivityName; input: unknown; info: Info }
  /** `reason` as in CancelledFailure. */
  | { kind: 'cancel'; reason: string }

export type FromEngine =
  | { kind: 'ready'; engine: string }
  | { kind: 'heartbeat'; details: unknown }
  /** `at`: milliseconds since 1970. */
  | { kind: 'log'; at: number; level: LogLevel; message: string; facts: Record<string, unknown> | undefined }
  | { kind: 'done'; output: unknown }
  /** The activity threw an ApplicationFailure of these parts. */
  | { kind: 'failed'; failure: Omit<ApplicationFailureOptions, 'cause'>; stack: string | undefined }
  | { kind: 'cancelled' }
