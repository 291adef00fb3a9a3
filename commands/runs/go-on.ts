/** Making a known run go on, in whatever state it is: `resume`, and `run` or `sweep` with the config of a run that there is. */
import { finishedBefore } from '../../activities/freeze-run.js'
import { experimentsOf, readPlan } from '../../activities/store/runs/runs.js'
import { homeId } from '../../activities/workplace.js'
import type { Home } from '../services/home.js'
import type { RunView } from './run-view.js'
import { pushRun } from './shared-home.js'
import { startWorkflow } from './start-workflow.js'
import type { TemporalRuns } from './temporal-runs.js'

/** Does what the state asks for, and says it. */
export async function goOn(run: { home: Home; view: RunView; temporal: TemporalRuns }): Promise<string> {
  const { home, view, temporal } = run
  await pushRun(home.path, view.name)
  const { name, state, experiments } = view
  const plan = readPlan(home.path, name)
  if (view.otherVersion !== undefined) {
    // The caller has seen that the change of version is allowed (drift.ts).
    await temporal.terminate(name)
    await startWorkflow({ temporal, plan, home: homeId(home.path), replace: true })
    return `${name} goes on with this version of the code`
  }
  switch (state) {
    case 'done': {
      const damaged = unsoundExperiments(home, name)
      if (damaged.length === 0 && view.trackingFailure === undefined) return `nothing to do: ${name} is done`
      // Every stage passes by the output that is whole, and all points are sent: those that MLflow has are not doubled.
      await startWorkflow({ temporal, plan, home: homeId(home.path) })
      if (damaged.length === 0) return `${name} is done, and goes on sending MLflow what it lacks`
      return `${name} was done, and not everything of ${count(damaged.length)} is there and whole: it is made again`
    }
    case 'paused':
      await temporal.resume(name)
      return `${name} goes on`
    case 'running':
    case 'waiting': {
      const held = experiments.filter(experiment => experiment.held)
      for (const { id } of held) await temporal.unpauseActivities(id)
      if (held.length > 0) return `${name} goes on with ${held.map(({ id }) => id).join(', ')}`
      const ended = experiments.filter(experiment => experiment.state === 'failed' || experiment.state === 'cancelled')
      // A pause that has not taken effect yet is not seen in the state; to take it back is harmless.
      await temporal.resume(name)
      if (ended.length === 0) return `nothing to do: ${name} is at work`
      return `${name} is at work; ${count(ended.length)} that ended early can be resumed when the others are done`
    }
    case 'failed':
    case 'cancelled':
    case 'stopped': {
      await startWorkflow({ temporal, plan, home: homeId(home.path) })
      const open = experiments.filter(experiment => experiment.state !== 'done')
      if (plan.kind === 'experiment') return `${name} goes on from step ${open[0]?.step ?? 0}`
      return `${name} goes on with ${count(open.length)} of ${experiments.length}`
    }
    default:
      return state satisfies never
  }
}

/** Experiments of a run that is done whose results were damaged or lost since. */
export function unsoundExperiments(home: Home, name: string): string[] {
  return experimentsOf(readPlan(home.path, name))
    .filter(experiment => finishedBefore(home.path, experiment).finished === undefined)
    .map(({ id }) => id)
}

function count(experiments: number): string {
  return experiments === 1 ? '1 experiment' : `${experiments} experiments`
}
