/**
 * References of an experiment to the shared store: a small sealed file for each stage's output, written when the stage ends. The
 * workflow passes references on itself; these are for `rlev verify`, which uses no service.
 */
import { namesIn, writeWhole } from './files.js'
import { experimentPaths } from './runs/run-folder.js'
import { readSealed, readSealedOrSetAside, seal } from './sealed.js'
import type { ArtifactRef } from './store.js'

/** `rewardValues` is `values` if nothing is ablated. */
export const referenceNames = ['data', 'values', 'rewardValues', 'start', 'baseEvaluation'] as const
/** Of some experiments: the copy of a verifier of the user. */
const optionalReferenceNames = ['verifier'] as const
export const allReferenceNames = [...referenceNames, ...optionalReferenceNames] as const
export type ReferenceName = (typeof allReferenceNames)[number]

/** Writes the reference, and gives it back. */
export function keepReference(folder: string, name: ReferenceName, ref: ArtifactRef): ArtifactRef {
  const path = experimentPaths.reference(folder, name)
  const content = seal(ref)
  const there = readSealedOrSetAside<ArtifactRef>(path)
  if (there === null || seal(there) !== content) writeWhole(path, content)
  return ref
}

/** The references that were written. Throws ArtifactDamaged. */
export function readReferences(folder: string): Map<ReferenceName, ArtifactRef> {
  const there = namesIn(experimentPaths.references(folder))
  const read = new Map<ReferenceName, ArtifactRef>()
  for (const name of allReferenceNames) {
    const ref = there.includes(`${name}.json`) ? readSealed<ArtifactRef>(experimentPaths.reference(folder, name)) : null
    if (ref !== null) read.set(name, ref)
  }
  return read
}
