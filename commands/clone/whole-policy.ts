/** A checkpoint of a run as the folder of a whole policy: what loading it reads, with an adapter in the weights. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Checkpoint } from '../../activities/store/checkpoints.js'
import { adapterFiles, filesOfCheckpoint, weightsFile } from '../../pipelines/checkpoint/checkpoint-files.js'
import { mergeAdapter } from '../../pipelines/checkpoint/merge-adapter.js'

/** Whether it holds everything but the weights that its adapter is applied to. */
export function isAdapter({ manifest }: Checkpoint): boolean {
  return Object.hasOwn(manifest.files, adapterFiles.tensors)
}

/** `base`: folder of the policy that the run started from, which an adapter is applied to. */
export async function writeWholePolicy(options: {
  checkpoint: Checkpoint
  base: string
  target: string
}): Promise<void> {
  const { checkpoint, base, target } = options
  mkdirSync(target, { recursive: true })
  const merges = isAdapter(checkpoint)
  for (const name of filesOfCheckpoint(checkpoint.path, [weightsFile])) {
    if (!merges || name !== weightsFile) copyFileSync(join(checkpoint.path, name), join(target, name))
  }
  if (merges) await mergeAdapter({ base, adapter: checkpoint.path, target })
}
