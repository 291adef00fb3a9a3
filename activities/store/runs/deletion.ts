/**
 * The note that a run is being deleted: `runs/NAME/deleting.json`, written before anything goes. As long as it is there, the deletion is
 * not complete, and the run is not used any more.
 */
import { existsSync } from 'node:fs'
import { RlevError } from '../../../pipelines/errors.js'
import { writeWhole } from '../files.js'
import { readSealed, seal } from '../sealed.js'
import { planPaths, runFolder } from './run-folder.js'

export interface Deletion {
  /** When it was asked for, in ms since 1970. */
  time: number
  /** Whether Temporal and MLflow keep what they have of the run. */
  filesOnly: boolean
}

export function beginDeletion(home: string, name: string, deletion: Deletion): void {
  writeWhole(planPaths.deletion(runFolder(home, name)), seal(deletion))
}

/** Null if the run is not being deleted. Throws ArtifactDamaged. */
export function readDeletion(home: string, name: string): Deletion | null {
  return readSealed(planPaths.deletion(runFolder(home, name)))
}

export function isHalfDeleted(home: string, name: string): boolean {
  return existsSync(planPaths.deletion(runFolder(home, name)))
}

/** @throws RlevError CallInvalid if the run is half deleted. */
export function refuseHalfDeleted(home: string, name: string): void {
  if (!isHalfDeleted(home, name)) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'the run is half deleted: its deletion was interrupted',
    place: runFolder(home, name),
    remedy: `\`rlev delete ${name}\` completes the deletion`,
  })
}
