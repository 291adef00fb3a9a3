/** What a run leaves that no fault of a network may change, and how two runs differ in it. */
import { join } from 'node:path'
import { type MlflowClient, tagOf } from '../../../activities/mlflow/client.js'
import type { Run } from '../../../activities/mlflow/types.js'
import { digestOfFile } from '../../../activities/store/files.js'
import { experimentPaths, runFolder, stepName } from '../../../activities/store/runs/run-folder.js'
import { readConfig } from '../../../activities/store/runs/runs.js'
import { differencesOfPoints, historiesOf } from '../histories.js'

export interface Outcome {
  /** sha256 of the files of the last checkpoint. */
  weights: string
  optimizer: string
  /** `KEY step STEP VALUE` of every history in MLflow but `perf/*`, which is time by nature; sorted. */
  points: string[]
  /** What is wrong by itself: runs that are more than one or not finished, points that are there twice. */
  faults: string[]
}

/** `mlflow`: the server itself, and not what is before it. */
export async function outcomeOf({
  home,
  mlflow,
  id,
}: {
  home: string
  mlflow: MlflowClient
  id: string
}): Promise<Outcome> {
  const { steps, tracking } = readConfig(home, id)
  const folder = join(experimentPaths.checkpoints(runFolder(home, id)), stepName(steps))
  const faults: string[] = []
  const digest = (name: string) => {
    const found = digestOfFile(join(folder, name))?.sha256
    if (found === undefined) faults.push(`${id} has no ${name} of step ${steps}`)
    return found ?? 'missing'
  }
  const [weights, optimizer] = [digest('model.safetensors'), digest('optimizer.safetensors')]
  const outcome: Outcome = { weights, optimizer, points: [], faults }
  const runs = await runsOf(mlflow, { experiment: tracking.experiment, id })
  if (runs.length !== 1) faults.push(`${id} has ${runs.length} runs in MLflow`)
  for (const run of runs) {
    if (run.info.status !== 'FINISHED') faults.push(`the MLflow run of ${id} is ${run.info.status}`)
    outcome.points.push(...(await historiesOf({ mlflow, run, name: id, faults })))
  }
  if (outcome.points.length === 0) faults.push(`${id} has no points in MLflow`)
  outcome.points.sort()
  return outcome
}

/** Active runs of an id, by their key. */
export async function runsOf(
  mlflow: MlflowClient,
  { experiment, id }: { experiment: string; id: string },
): Promise<Run[]> {
  const found = await mlflow.getExperimentByName(experiment)
  if (found === null) return []
  const runs = await mlflow.searchRuns({ experimentIds: [found.experiment_id], filter: '' })
  return runs.filter(run => tagOf(run, 'rlev.key')?.startsWith(`${id}@`))
}

/** A sentence for each difference, and each fault; none where the runs are the same. */
export function differences(id: string, undisturbed: Outcome, found: Outcome): string[] {
  const said = [...found.faults]
  for (const what of ['weights', 'optimizer'] as const)
    if (found[what] !== undisturbed[what]) said.push(`${what} of ${id} are ${found[what]}, not ${undisturbed[what]}`)
  said.push(...differencesOfPoints(id, undisturbed.points, found.points))
  return said
}
