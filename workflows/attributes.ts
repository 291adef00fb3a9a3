/** Typed search attributes: with them the Web UI's list of workflows reads as the table of experiments. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import { upsertMemo, upsertSearchAttributes } from '@temporalio/workflow'
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import type { ExperimentProgress } from './messages.js'

export const attributes = {
  sweep: defineSearchAttributeKey('RlevSweep', SearchAttributeType.KEYWORD),
  arm: defineSearchAttributeKey('RlevArm', SearchAttributeType.KEYWORD),
  estimator: defineSearchAttributeKey('RlevEstimator', SearchAttributeType.KEYWORD),
  seed: defineSearchAttributeKey('RlevSeed', SearchAttributeType.INT),
  stage: defineSearchAttributeKey('RlevStage', SearchAttributeType.KEYWORD),
  step: defineSearchAttributeKey('RlevStep', SearchAttributeType.INT),
  hAcc: defineSearchAttributeKey('RlevHAcc', SearchAttributeType.DOUBLE),
} as const

/** Each call is an event of the history: for changes of stage and evaluations only. */
export function showExperiment(config: ExperimentConfig, progress: ExperimentProgress): void {
  upsertSearchAttributes([
    { key: attributes.sweep, value: progress.name },
    { key: attributes.arm, value: progress.arm },
    { key: attributes.estimator, value: config.estimator.name },
    { key: attributes.seed, value: progress.seed },
    { key: attributes.stage, value: stageText(progress) },
    { key: attributes.step, value: progress.step },
    ...(progress.hAcc === undefined ? [] : [{ key: attributes.hAcc, value: Math.round(progress.hAcc * 1e4) / 1e4 }]),
  ])
  // A memo is to stay under 2 KiB; the whole message is in the workflow's failure.
  const failure = progress.failure?.slice(0, 500)
  upsertMemo({ progress: { ...progress, ...(failure === undefined ? {} : { failure }) } })
}

export function showSweep(name: string, stage: string): void {
  upsertSearchAttributes([
    { key: attributes.sweep, value: name },
    { key: attributes.stage, value: stage },
  ])
}

/** The stage while it runs; how it ended, or that it waits, otherwise. */
export function stageText({ state, stage }: Pick<ExperimentProgress, 'state' | 'stage'>): string {
  return state === 'running' ? stage : state
}
