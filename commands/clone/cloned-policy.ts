/** The policy that a clone starts from, as a checkpoint in the store: it lasts if the run that it comes from is deleted. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { storedCheckpoint } from '../../activities/base-checkpoint.js'
import { Checkpoints } from '../../activities/store/checkpoints.js'
import { readReferences } from '../../activities/store/references.js'
import { originalKey } from '../../activities/store/runs/provenance.js'
import { experimentPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { Store } from '../../activities/store/store.js'
import { temporaryBeside } from '../../activities/store/temporary-names.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { noHooks } from '../../pipelines/progress.js'
import { isAdapter, writeWholePolicy } from './whole-policy.js'

interface Source {
  home: string
  id: string
  config: ExperimentConfig
}

/** `step`: of the checkpoint, 0 for the policy that the experiment started from; the newest if undefined. */
export async function clonedPolicy(
  source: Source,
  step: number | undefined,
): Promise<{ step: number; folder: string }> {
  const { home, id, config } = source
  const store = new Store(home)
  const checkpoints = new Checkpoints(runFolder(home, id), originalKey(home, id, config))
  const newest = checkpoints.steps().at(-1) ?? 0
  const wanted = step ?? newest
  const start = readReferences(runFolder(home, id)).get('start')
  const keep = async (folder: string) => {
    const ref = await storedCheckpoint({ store, folder, hooks: noHooks })
    return { step: wanted, folder: store.path(ref) }
  }
  if (wanted === 0) {
    if (start === undefined) throw missing(source, 0, checkpoints)
    return keep(store.folder(start))
  }
  if (config.engine.kind !== undefined) throw trainedByServer(source)
  const checkpoint = checkpoints.whole(wanted)
  if (checkpoint === null) throw missing(source, wanted, checkpoints)
  if (!isAdapter(checkpoint)) return keep(checkpoint.path)
  if (start === undefined) throw missing(source, 0, checkpoints)
  const merged = temporaryBeside(join(home, 'store', 'checkpoint', 'merged'))
  try {
    await writeWholePolicy({ checkpoint, base: store.folder(start), target: merged })
    return await keep(merged)
  } finally {
    rmSync(merged, { recursive: true, force: true })
  }
}

/** A server begins with its base model: a clone of a later step would train another policy than it says. */
function trainedByServer({ id }: Source): RlevError {
  return new RlevError({
    kind: 'CallInvalid',
    message: 'a run that a server trains cannot be cloned from a later step',
    place: id,
    expected: '--from-step 0',
    found: 'engine.kind: tinker',
    remedy: `write the trained policy by \`rlev checkpoint ${id} FOLDER\`, and start a run with engine.kind: local from that`,
  })
}

function missing({ home, id }: Source, step: number, checkpoints: Checkpoints): RlevError {
  const there = checkpoints.steps()
  return new RlevError({
    kind: 'CallInvalid',
    message: `there is no checkpoint of step ${step}`,
    place: experimentPaths.checkpoints(runFolder(home, id)),
    expected: there.length === 0 ? 'a run with a checkpoint, or its start' : `--from-step ${there.join(', ')} or 0`,
    found: 'none, or a damaged one',
    remedy: 'checkpoint.keep says how many stay',
  })
}
