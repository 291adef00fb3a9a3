/** Typed search attributes: with them the Web UI's list of workflows reads as the table of experiments. */
import { upsertMemo, upsertSearchAttributes } from '@temporalio/workflow'
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import type { ExperimentProgress } from './messages.js'
import { searchAttributes } from './search-attributes.js'

/** Each call is an event of the history: for changes of stage and evaluations only. */
export function showExperiment(config: ExperimentConfig, progress: ExperimentProgress): void {
  upsertSearchAttributes([
    { key: searchAttributes.sweep, value: progress.name },
    { key: searchAttributes.arm, value: progress.arm },
    { key: searchAttributes.estimator, value: config.estimator.name },
    { key: searchAttributes.seed, value: progress.seed },
    { key: searchAttributes.stage, value: stageText(progress) },
    { key: searchAttributes.step, value: progress.step },
    ...(progress.hAcc === undefined
      ? []
      : [{ key: searchAttributes.hAcc, value: Math.round(progress.hAcc * 1e4) / 1e4 }]),
  ])
  // A memo is to stay under 2 KiB; the whole message is in the workflow's failure.
  const failure = progress.failure?.slice(0, 500)
  upsertMemo({ progress: { ...progress, ...(failure === undefined ? {} : { failure }) } })
}

export function showSweep(name: string, stage: string): void {
  upsertSearchAttributes([
    { key: searchAttributes.sweep, value: name },
    { key: searchAttributes.stage, value: stage },
  ])
}

/** The stage while it runs; how it ended, or that it waits, otherwise. */
export function stageText({ state, stage }: Pick<ExperimentProgress, 'state' | 'stage'>): string {
  return state === 'running' ? stage : state
}
