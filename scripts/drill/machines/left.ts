/**
 * What a run has left in the object store and in MLflow, reduced to what must not depend on how it was disturbed. It is read as a new machine
 * reads it: into an empty home. What `verify` finds there, in the home and in the store, are faults.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { MlflowClient } from '../../../activities/mlflow/client.js'
import { namesIn, sha256 } from '../../../activities/store/files.js'
import { mirrorOf } from '../../../activities/store/mirror/mirror.js'
import { runFolder } from '../../../activities/store/runs/run-folder.js'
import { experimentsOf, readPlan } from '../../../activities/store/runs/runs.js'
import { examineRun } from '../../../commands/verify/examine.js'
import { differences as differencesOfTracked, outcomeOf as trackedOutcome } from '../network/outcome.js'
import { differencesOf, outcomeOf } from '../outcome.js'
import { mlflowUrl } from './servers.js'

/** Of one experiment. */
interface LeftOfExperiment {
  /** Weights, optimizer, and the points in MLflow. */
  tracked: Awaited<ReturnType<typeof trackedOutcome>>
  /** Journal, metrics, evaluations and checkpoint, by what they are. */
  stored: ReadonlyMap<string, string>
}

export interface Left {
  /** In the order of the plan. */
  experiments: readonly LeftOfExperiment[]
  faults: readonly string[]
}

/** `folder`: where the empty home is made. */
export async function leftInStore({ folder }: { folder: string }, name: string): Promise<Left> {
  const home = mkdtempSync(join(folder, 'reader-'))
  try {
    const mirror = mirrorOf(home)
    if (mirror === null) throw new Error('the drill has no object store')
    await mirror.join()
    await mirror.pullPlan(name)
    const experiments: LeftOfExperiment[] = []
    const faults: string[] = []
    const mlflow = new MlflowClient({ address: mlflowUrl })
    for (const { id, config } of experimentsOf(readPlan(home, name))) {
      await mirror.pullDepth(id, 'all')
      const stored = new Map([...outcomeOf(home, id, config.steps), ...journalOf(home, id)])
      experiments.push({ tracked: await trackedOutcome({ home, mlflow, id }), stored })
    }
    faults.push(...(await examineRun(home, name)).findings.map(({ place, message }) => `${place}: ${message}`))
    faults.push(...(await mirror.examine(name)).damages.map(({ place }) => `${place} in the store is damaged`))
    return { experiments, faults }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** Digest of each rollout and of the records of each step, without the time. */
function journalOf(home: string, id: string): [string, string][] {
  return ['rollouts', 'records'].flatMap(part => {
    const folder = join(runFolder(home, id), part)
    return namesIn(folder)
      .filter(name => name.endsWith('.json'))
      .map((name): [string, string] => {
        const { body } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { body: object }
        return [`${part} ${name}`, sha256(JSON.stringify({ ...body, time: null }))]
      })
  })
}

/** A sentence each; none where both are the same and nothing is wrong. */
export function differences(name: string, undisturbed: Left, found: Left): string[] {
  const said = found.faults.map(fault => `${name}: ${fault}`)
  for (const [index, expected] of undisturbed.experiments.entries()) {
    const there = found.experiments[index]
    if (there === undefined) said.push(`${name}: experiment ${index + 1} is missing`)
    else {
      said.push(...differencesOf(name, expected.stored, there.stored))
      said.push(...differencesOfTracked(name, expected.tracked, there.tracked))
    }
  }
  return said
}
