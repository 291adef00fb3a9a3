/** Writes the search attributes and the memo, so that the Web UI's list of workflows reads as a table of the experiments. */
import { upsertMemo, upsertSearchAttributes } from '@temporalio/workflow'
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import { given } from '../pipelines/given.js'
import type { ExperimentProgress } from './messages.js'
import { searchAttributes } from './search-attributes.js'

/**
 * Adds events to the history, so it is called only when the stage changes and after evaluations. `config`: undefined until it is
 * read.
 */
export function showExperiment(config: ExperimentConfig | undefined, progress: ExperimentProgress): void {
  upsertSearchAttributes([
    { key: searchAttributes.sweep, value: progress.name },
    { key: searchAttributes.arm, value: progress.arm },
    ...(config === undefined ? [] : [{ key: searchAttributes.estimator, value: config.estimator.name }]),
    { key: searchAttributes.seed, value: progress.seed },
    { key: searchAttributes.stage, value: stageText(progress) },
    { key: searchAttributes.step, value: progress.step },
    ...(progress.hAcc === undefined
      ? []
      : [{ key: searchAttributes.hAcc, value: Math.round(progress.hAcc * 1e4) / 1e4 }]),
  ])
  // A memo should stay under 2 KiB. The workflow's failure has the whole message.
  const failure = progress.failure?.slice(0, 500)
  upsertMemo({ progress: { ...progress, ...given({ failure }) } })
}

export function showSweep(name: string, stage: string): void {
  upsertSearchAttributes([
    { key: searchAttributes.sweep, value: name },
    { key: searchAttributes.stage, value: stage },
  ])
}

/** The stage if it runs, otherwise the state: paused, or how it ended. */
export function stageText({ state, stage }: Pick<ExperimentProgress, 'state' | 'stage'>): string {
  return state === 'running' ? stage : state
}
