/** Where a clone comes from: `runs/NAME/origin.json`, sealed, written when its plan is. */
import { writeWhole } from '../files.js'
import { readSealed, seal } from '../sealed.js'
import { planPaths, runFolder } from './run-folder.js'

export interface Origin {
  /** Id of the experiment whose policy it starts from. */
  experiment: string
  /** Of its checkpoint; 0 for the policy that it started from itself. */
  step: number
}

export function keepOrigin(home: string, name: string, origin: Origin): void {
  writeWhole(planPaths.origin(runFolder(home, name)), seal(origin))
}

/** Null if the run is not a clone. Throws ArtifactDamaged. */
export function readOrigin(home: string, name: string): Origin | null {
  return readSealed(planPaths.origin(runFolder(home, name)))
}
