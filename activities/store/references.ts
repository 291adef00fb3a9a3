/**
 * What an experiment refers to in the shared store: a small sealed file for each stage's output, kept as the stage ends. The
 * workflow passes references on by itself; these are for `rlev verify`, which asks no service.
 */
import { namesIn, writeWhole } from './files.js'
import { experimentPaths } from './run-folder.js'
import { readSealed, readSealedOrSetAside, seal } from './sealed.js'
import type { ArtifactRef } from './store.js'

/** `rewardValues` is `values` where nothing is ablated. */
export const referenceNames = ['data', 'values', 'rewardValues', 'start', 'baseEvaluation'] as const
export type ReferenceName = (typeof referenceNames)[number]

/** The reference itself, once it is kept. */
export function keepReference(folder: string, name: ReferenceName, ref: ArtifactRef): ArtifactRef {
  const path = experimentPaths.reference(folder, name)
  const content = seal(ref)
  const there = readSealedOrSetAside<ArtifactRef>(path)
  if (there === null || seal(there) !== content) writeWhole(path, content)
  return ref
}

/** Those that are there. Throws ArtifactDamaged. */
export function readReferences(folder: string): Map<ReferenceName, ArtifactRef> {
  const there = namesIn(experimentPaths.references(folder))
  const read = new Map<ReferenceName, ArtifactRef>()
  for (const name of referenceNames) {
    const ref = there.includes(`${name}.json`) ? readSealed<ArtifactRef>(experimentPaths.reference(folder, name)) : null
    if (ref !== null) read.set(name, ref)
  }
  return read
}
