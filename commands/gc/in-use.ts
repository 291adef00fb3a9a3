/** Which stored outputs a home still needs: those that its runs refer to, and those that a run that is not done may still take. */
import { resolve } from 'node:path'
import { codeOfThisProcess } from '../../activities/machine/code.js'
import { readReferences } from '../../activities/store/references.js'
import { originalCode } from '../../activities/store/runs/provenance.js'
import { runFolder } from '../../activities/store/runs/run-folder.js'
import { experimentsOf, listRuns, readPlan } from '../../activities/store/runs/runs.js'
import { Store } from '../../activities/store/store.js'
import { lookAtRun } from '../runs/run-status.js'
import type { TemporalRuns } from '../runs/temporal-runs.js'
import type { Home } from '../services/home.js'

export interface InUse {
  /** Paths of outputs that a run refers to, or starts from. */
  referred: ReadonlySet<string>
  /** Names of runs that are not done: at work, or to be resumed. */
  open: readonly string[]
  /** Digests of the code that these began with: they may take every output that this code made. */
  code: ReadonlySet<string>
}

/** Throws ArtifactDamaged if a plan or a reference cannot be read: then it is not known what it refers to. */
export async function inUse(home: Home, temporal: TemporalRuns | undefined): Promise<InUse> {
  const referred = new Set<string>()
  const open: string[] = []
  const code = new Set<string>()
  const store = new Store(home.path)
  const present = codeOfThisProcess()
  for (const name of listRuns(home.path)) {
    for (const { id, config } of experimentsOf(readPlan(home.path, name))) {
      for (const ref of readReferences(runFolder(home.path, id)).values()) referred.add(store.path(ref))
      // A clone starts from a checkpoint in the store.
      if (config.policy.from === 'checkpoint') referred.add(resolve(config.policy.path))
    }
    if ((await lookAtRun(home, name, temporal)).state === 'done') continue
    open.push(name)
    code.add(originalCode(home.path, name, present))
  }
  return { referred, open, code }
}
