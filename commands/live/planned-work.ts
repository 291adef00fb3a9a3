/** What a run is planned to take, part by part, for estimates of the time left. */
import { experimentsOf, readPlan } from '../../activities/store/runs/runs.js'
import { RlevError } from '../../pipelines/errors.js'
import { checked } from '../plan/checked.js'
import { countsOf, type Work, workOf } from '../plan/cost.js'

/** By id of the experiment; undefined where a policy's size or the items cannot be known here. */
export async function plannedWork(home: string, name: string): Promise<ReadonlyMap<string, Work> | undefined> {
  const plan = readPlan(home, name)
  try {
    const items = countsOf(await checked(plan, name).data())
    const work = new Map<string, Work>()
    for (const { id, config } of experimentsOf(plan)) {
      const planned = workOf(config, items)
      if (planned === undefined) return undefined
      work.set(id, planned)
    }
    return work
  } catch (error) {
    // The home may be watched from a machine that does not have its data. Then steps are counted.
    if (error instanceof RlevError) return undefined
    throw error
  }
}
