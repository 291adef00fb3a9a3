/** An experiment that is verified: what its looks need to know of it, read once. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { namesIn } from '../../activities/store/files.js'
import { readTrim, type Trim } from '../../activities/store/retention.js'
import { originalKey } from '../../activities/store/runs/provenance.js'
import { experimentPaths, planPaths, runFolder, stepOf } from '../../activities/store/runs/run-folder.js'
import { readResult, type StoredResult } from '../../activities/store/runs/runs.js'
import { experimentKey } from '../../pipelines/config/digest.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'

export interface Subject {
  home: string
  /** Name of the run, as commands take it. */
  name: string
  /** The experiment's id, and its folder. */
  id: string
  folder: string
  /** As the plan has it. */
  config: ExperimentConfig
  /** Of the config that it began with, which its files carry. */
  key: string
  begun: boolean
  /** Its evaluations were imported: it has no journal, no checkpoints and no weights. */
  elsewhere: boolean
  /** Null if there is no readable one yet. */
  result: StoredResult | null
}

export function subjectOf(
  home: string,
  name: string,
  { id, config }: { id: string; config: ExperimentConfig },
): Subject {
  const folder = runFolder(home, id)
  const begun = existsSync(experimentPaths.config(folder))
  return {
    home,
    name,
    id,
    folder,
    config,
    // A damaged provenance is told of by the look at itself.
    key: unlessDamaged(() => originalKey(home, id, config)) ?? experimentKey(config),
    begun,
    elsewhere: existsSync(planPaths.elsewhere(runFolder(home, name))),
    result: unlessDamaged(() => readResult(home, id)),
  }
}

/** What a damaged file gives here is nothing: the look at that file itself tells of it. */
export function unlessDamaged<T>(read: () => T | null): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return null
    throw error
  }
}

export function isDone({ result }: Subject): boolean {
  return result?.state === 'done'
}

/** The step after which a run that is done has ended. */
export function lastStep({ config, result }: Subject): number {
  return result?.stopped?.step ?? config.steps
}

export function trimOf({ folder }: Subject): Trim | null {
  return unlessDamaged(() => readTrim(folder))
}

/** Steps that have a file or folder of this kind, ascending. */
export function stepsIn(
  { folder }: Subject,
  kind: 'rounds' | 'rollouts' | 'records' | 'metrics' | 'checkpoints' | 'evaluations' | 'sources',
): number[] {
  return namesIn(join(folder, kind))
    .map(stepOf)
    .filter(step => step !== null)
    .sort((a, b) => a - b)
}

/** The newest step that anything was journaled of; 0 before the first. */
export function newestStep(subject: Subject): number {
  return Math.max(0, ...(['metrics', 'records', 'rollouts'] as const).map(kind => stepsIn(subject, kind).at(-1) ?? 0))
}

/** What brings back something that the run can make again. */
export function remake({ name, elsewhere }: Subject): string {
  if (elsewhere) return '`rlev import-results` with the same files: what is damaged is set aside and made again'
  return `\`rlev resume ${name}\`: what is damaged is set aside and made again from what is whole; a run at work does so by itself`
}
