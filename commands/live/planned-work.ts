/** What a run is planned to take, part by part, for estimates of the time left. */
import { experimentsOf, readPlan } from '../../activities/clients/runs.js'
import { RlevError } from '../../pipelines/errors.js'
import { checked } from '../plan/checked.js'
import { countsOf, type Work, workOf } from '../plan/cost.js'

/** By id of the experiment; undefined where a policy's size or the items cannot be known here. */
export async function plannedWork(home: string, name: string): Promise<ReadonlyMap<string, Work> | undefined> {
  const plan = readPlan(home, name)
  const experiments = experimentsOf(plan)
  if (experiments.some(({ config }) => config.policy.from !== 'scratch')) return undefined
  try {
    const items = countsOf(await checked(plan, name).data())
    return new Map(experiments.flatMap(({ id, config }) => entry(id, workOf(config, items))))
  } catch (error) {
    // Whoever watches a home from elsewhere may not have its data: then steps are counted.
    if (error instanceof RlevError) return undefined
    throw error
  }
}

function entry(id: string, work: Work | undefined): [string, Work][] {
  return work === undefined ? [] : [[id, work]]
}
