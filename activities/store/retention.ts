/**
 * Deletes files of an experiment while it trains: checkpoints except the newest and the best, and, if the config says so, the journal's
 * large files behind them. Files are deleted only behind a newer checkpoint that is known to be whole.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { Evaluation } from '../../pipelines/evaluation/evaluation.js'
import { failPoint } from '../fail-points/fail-point.js'
import type { Checkpoints } from './checkpoints.js'
import { namesIn, writeWhole } from './files.js'
import { entryLabel, experimentPaths, stepName, stepOf } from './runs/run-folder.js'
import { readSealed, readSealedOrSetAside, seal } from './sealed.js'

export type BestMetric = NonNullable<ExperimentConfig['checkpoint']['best']>

/** The step up to which rollouts and records were deleted on purpose, and the checkpoint after it. Metrics are never deleted. */
export interface Trim {
  upTo: number
  checkpoint: string
}

/** After the checkpoint of step `made`, which is whole. */
export function retain(options: {
  folder: string
  checkpoints: Checkpoints
  config: ExperimentConfig
  experimentKey: string
  made: number
}): void {
  const { folder, checkpoints, made, experimentKey } = options
  const { keep, best, trimJournal } = options.config.checkpoint
  const evaluated = best ? bestStep({ folder, steps: checkpoints.steps(), metric: best, experimentKey }) : null
  checkpoints.retain({ made, keep, also: evaluated })
  if (trimJournal) trim({ folder, checkpoints, made, keep })
}

/** The step with the highest value of the metric among those given; of equal ones the earliest. Null if none was evaluated. */
export function bestStep(options: {
  folder: string
  steps: readonly number[]
  metric: BestMetric
  experimentKey: string
}): number | null {
  const { folder, steps, metric, experimentKey } = options
  let best: { step: number; value: number } | null = null
  for (const step of steps) {
    const label = entryLabel('evaluation', step, experimentKey)
    // A damaged evaluation is made again by its stage; until then its checkpoint is not the best.
    const stored = readSealedOrSetAside<{ evaluation: Evaluation }>(experimentPaths.evaluation(folder, step), label)
    if (stored === null) continue
    const value = metricOf(stored.evaluation, metric)
    if (best === null || value > best.value) best = { step, value }
  }
  return best?.step ?? null
}

export function metricOf({ greedy, expected }: Evaluation, metric: BestMetric): number {
  switch (metric) {
    case 'acc':
      return greedy.acc
    case 'h-acc':
      return greedy.hAcc
    case 'expected-acc':
      return expected.acc
    case 'expected-h-acc':
      return expected.hAcc
    default:
      return metric satisfies never
  }
}

/** Null if nothing was trimmed. Throws ArtifactDamaged. */
export function readTrim(folder: string): Trim | null {
  return readSealed<Trim>(experimentPaths.trim(folder))
}

/**
 * Trims behind the oldest of the newest checkpoints, once there is a newer one: if one of them is found damaged, the journal still
 * leads on from the one before it. That one is read again first, digest by digest.
 */
function trim(options: { folder: string; checkpoints: Checkpoints; made: number; keep: number }): void {
  const { folder, checkpoints, made, keep } = options
  const newest = checkpoints.steps().filter(step => step <= made)
  const [oldest, newer] = newest.slice(-(keep + 1))
  if (oldest === undefined || newer === undefined || checkpoints.whole(oldest) === null) return
  // The note comes first: a gap without a note is a loss.
  if ((readSealedOrSetAside<Trim>(experimentPaths.trim(folder))?.upTo ?? 0) < oldest) {
    failPoint('trim.before')
    writeWhole(experimentPaths.trim(folder), seal({ upTo: oldest, checkpoint: stepName(oldest) } satisfies Trim))
  }
  failPoint('trim.noted')
  for (const kind of ['rollouts', 'records']) {
    for (const name of namesIn(join(folder, kind))) {
      const step = stepOf(name)
      if (step !== null && step <= oldest) rmSync(join(folder, kind, name), { force: true })
    }
  }
  failPoint('trim.after')
}
