/**
 * A run that was trained elsewhere: `trained-elsewhere.json` of the run says by what, and `sources/step-N.json` of an experiment which
 * responses each of its evaluations was made of. There are no steps, no checkpoints and no workflow of it.
 */
import type { TrainedElsewhere } from '../../../pipelines/comparison/outcome.js'
import { sha256, syncPath, writeOnce } from '../files.js'
import { readSealed, readSealedOrSetAside, seal } from '../sealed.js'
import { originalKey } from './provenance.js'
import { entryLabel, experimentPaths, planPaths, runFolder } from './run-folder.js'
import { readConfig } from './runs.js'

export interface Elsewhere extends TrainedElsewhere {
  /** When it was first imported, in ms. */
  time: number
}

/** The responses of one evaluation. */
export interface Source {
  /** Of the answers, in the order of the items. */
  sha256: string
  /** Names of the files that they were read from. */
  files: readonly string[]
  time: number
}

/** Null for a run of this home's own workers. Throws ArtifactDamaged. */
export function readElsewhere(home: string, id: string): Elsewhere | null {
  return readSealed(planPaths.elsewhere(runFolder(home, id.split('/')[0] ?? id)))
}

/** The first record of a run stays. */
export function keepElsewhere(home: string, name: string, elsewhere: Elsewhere): void {
  const path = planPaths.elsewhere(runFolder(home, name))
  if (writeOnce(path, seal(elsewhere))) syncPath(path)
}

export const digestOfAnswers = (answers: unknown): string => sha256(JSON.stringify(answers))

/** Null if nothing was imported of the step yet; a damaged record is set aside. */
export function readSource(home: string, id: string, step: number): Source | null {
  return readSealedOrSetAside(experimentPaths.source(runFolder(home, id), step), labelOf(home, id, step))
}

/** Of an experiment whose config is kept. */
export function keepSource(home: string, id: string, { step, source }: { step: number; source: Source }): void {
  const path = experimentPaths.source(runFolder(home, id), step)
  if (writeOnce(path, seal(source, labelOf(home, id, step)))) syncPath(path)
}

function labelOf(home: string, id: string, step: number): string {
  return entryLabel('source', step, originalKey(home, id, readConfig(home, id)))
}
