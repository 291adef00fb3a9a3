/**
 * A verifier of the user as the store keeps it: `HOME/store/verifier/<digest>/verifier.mjs`, made when a run with it is frozen. A run goes
 * on with this copy, whatever has become of the sources.
 */
import { join } from 'node:path'
import { readProgram } from '../../pipelines/config/program.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { verifierWay } from '../../pipelines/config/verifier-way.js'
import { RlevError } from '../../pipelines/errors.js'
import { writeWhole } from '../store/files.js'
import type { ArtifactRef, Store } from '../store/store.js'

const fileName = 'verifier.mjs'

/**
 * Null if the verifier is not one of the user.
 * @throws RlevError Drift if the store has no copy, and the module is another one than the config was read with.
 */
export async function keepProgram(store: Store, reward: ExperimentConfig['reward']): Promise<ArtifactRef | null> {
  const way = verifierWay(reward)
  if (way.kind !== 'program') return null
  const { path } = way
  const { verifierDigest } = reward
  if (verifierDigest === undefined) throw unstated(path)
  return store.once({
    kind: 'verifier',
    from: { program: verifierDigest },
    fill: async folder => {
      const { digest, code } = readProgram(path)
      if (digest !== verifierDigest) throw changed(path, { expected: verifierDigest, found: digest })
      writeWhole(join(folder, fileName), code)
    },
  })
}

/** Path of the copy, after a comparison with what was written. */
export function programFile(store: Store, ref: ArtifactRef): string {
  return join(store.folder(ref), fileName)
}

function unstated(place: string): RlevError {
  return new RlevError({
    kind: 'ConfigInvalid',
    message: 'the config does not state the digest of its verifier',
    place,
    expected: 'reward.verifierDigest, which is filled in when a config is read',
    remedy: 'start it by `rlev run` or `rlev sweep`',
  })
}

function changed(place: string, { expected, found }: { expected: string; found: string }): RlevError {
  return new RlevError({
    kind: 'Drift',
    message: 'the verifier, or a file that it imports, has changed since the config was read',
    place,
    expected: `digest ${expected.slice(0, 12)}`,
    found: `digest ${found.slice(0, 12)}`,
    remedy:
      'restore it; or start a new run with --name; or go on with the new one: `rlev run` or `rlev sweep` with the config and --allow-drift',
  })
}
