/**
 * The checkpoint that a policy starts from, in the store: `store/checkpoint/<digest>/`, its files as they are, addressed by their digests
 * alone. Runs, seeds and data files share one copy, and so do versions of this program, because nothing is computed for it. The copy lasts
 * if the folder that the config names is changed or deleted.
 */
import { constants, copyFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { checkCheckpoint } from '../pipelines/checkpoint/checked-checkpoint.js'
import { filesOfCheckpoint } from '../pipelines/checkpoint/checkpoint-files.js'
import { refuseOtherHead } from '../pipelines/checkpoint/tied-head.js'
import { RlevError } from '../pipelines/errors.js'
import type { Hooks } from '../pipelines/progress.js'
import { digestOfFile } from './store/files.js'
import type { ArtifactRef, Store } from './store/store.js'

/** `about.from` of a stored checkpoint. */
export interface StoredCheckpointFacts {
  /** sha256 by name. */
  files: Readonly<Record<string, string>>
}

/** The stored copy of the checkpoint in `folder`. Throws CheckpointInvalid if there is none, or none that can be loaded. */
export async function storedCheckpoint(options: {
  store: Store
  folder: string
  hooks: Hooks
  mayCommit?: () => void
}): Promise<ArtifactRef> {
  const { store, folder, hooks, ...rest } = options
  const { architecture, files } = checkCheckpoint(folder)
  if (architecture.tied) await refuseOtherHead(files)
  const names = filesOfCheckpoint(
    folder,
    files.map(({ path }) => basename(path)),
  )
  const digests: Record<string, string> = {}
  for (const name of names) {
    digests[name] = digestOf(join(folder, name))
    await hooks.tick()
  }
  return store.once({
    kind: 'checkpoint',
    from: { files: digests } satisfies StoredCheckpointFacts,
    fill: async temporary => {
      for (const [name, sha256] of Object.entries(digests)) {
        const copy = join(temporary, name)
        // Without copying, if the file system can let two files share their blocks.
        copyFileSync(join(folder, name), copy, constants.COPYFILE_FICLONE)
        if (digestOf(copy) !== sha256) throw changedMeanwhile(join(folder, name), sha256)
        await hooks.tick()
      }
    },
    ...rest,
  })
}

function digestOf(path: string): string {
  const found = digestOfFile(path)
  if (found !== null) return found.sha256
  throw changedMeanwhile(path, 'a file')
}

function changedMeanwhile(place: string, expected: string): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message: 'the checkpoint changed while it was copied',
    place,
    expected,
    found: 'other bytes, or none',
    remedy: 'wait until its writer is done, then start the run again by the same command',
  })
}
