/** The digest of the weights before training, from the manifest of checkpoint 0, whose files are not read. */
import { weightsFile } from '../../pipelines/checkpoint/checkpoint-files.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { readManifest } from './folder.js'
import { experimentPaths, runFolder } from './run-folder.js'
import { readSealed } from './sealed.js'
import { type ArtifactRef, Store } from './store.js'

/**
 * Undefined if checkpoint 0 is not made yet or is gone, and with an adapter: its file is compared with none, because it begins as no
 * change of the weights, and every step that is not skipped changes it.
 */
export function startWeights(
  home: string,
  { id, config }: { id: string; config: Pick<ExperimentConfig, 'update'> },
): string | undefined {
  if (config.update.adapter !== null) return undefined
  try {
    const ref = readSealed<ArtifactRef>(experimentPaths.reference(runFolder(home, id), 'start'))
    return ref === null ? undefined : readManifest(new Store(home).path(ref))?.files[weightsFile]?.sha256
  } catch (error) {
    if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return undefined
    throw error
  }
}
