/** What MLflow has of a run: the runs of its experiments, and that of a sweep. */
import { MlflowClient, tagOf } from '../../activities/mlflow/client.js'
import type { Run } from '../../activities/mlflow/types.js'
import { experimentsOf } from '../../activities/store/runs/runs.js'
import { homeId } from '../../activities/workplace.js'
import type { Plan } from '../../pipelines/config/schema.js'

/** Marks them as deleted, and gives their number. MLflow keeps deleted runs, and can restore them, until `mlflow gc`. */
export async function deleteTrackedRuns(home: string, plan: Plan, address: string): Promise<number> {
  const client = new MlflowClient({ address })
  const own = homeId(home)
  const experiments = experimentsOf(plan)
  const subjects = new Set([plan.name, ...experiments.map(({ id }) => id)])
  const isOurs = (run: Run): boolean => {
    const parts = tagOf(run, 'rlev.key')?.split('@') ?? []
    return parts.at(-1) === own && subjects.has(parts[0] ?? '')
  }
  let deleted = 0
  for (const name of new Set(experiments.map(({ config }) => config.tracking.experiment))) {
    const experiment = await client.getExperimentByName(name)
    if (experiment === null || experiment.lifecycle_stage === 'deleted') continue
    // A key begins with the name of the run.
    const filter = `tags.\`rlev.key\` LIKE '${plan.name}%'`
    const runs = await client.searchRuns({ experimentIds: [experiment.experiment_id], filter })
    for (const run of runs.filter(isOurs)) {
      await client.deleteRun(run.info.run_id)
      deleted++
    }
  }
  return deleted
}
