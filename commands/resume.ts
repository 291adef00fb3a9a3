/**
 * `rlev resume NAME`: goes on with what was paused, crashed, failed or cancelled, and only that. A run that ended is started
 * again under its own id; what is done in it is passed by, since every stage finds its output in the store. So is one that
 * is done where MLflow did not get all of it. Code that has changed since the run began is refused, or allowed by
 * `--allow-drift`, which the run's tracking then says.
 */

import { finishedBefore } from '../activities/freeze-run.js'
import { experimentsOf, readPlan } from '../activities/store/runs.js'
import { homeId } from '../activities/workplace.js'
import { settleDrift } from './runs/drift.js'
import { knownRun } from './runs/names.js'
import { withTemporal } from './runs/open.js'
import { lookAtRun } from './runs/run-status.js'
import { commandFor } from './runs/shell-command.js'
import { startWorkflow } from './runs/start.js'
import type { TemporalRuns } from './runs/temporal.js'
import type { RunView } from './runs/view.js'
import { type Home, openHome } from './services/home.js'
import { ensureUp } from './services/up.js'

export interface ResumeOptions {
  home?: string | undefined
  name: string
  /** Go on with code that has changed since the run began. */
  allowDrift?: boolean | undefined
}

export async function resume({ home: path, name, allowDrift = false }: ResumeOptions): Promise<void> {
  const home = openHome(path)
  knownRun(home.path, name)
  const before = await withTemporal(home, temporal => lookAtRun(home, name, temporal))
  if (before.state === 'done' && before.trackingFailure === undefined && unsound(home, name).length === 0)
    return console.log(`nothing to do: ${name} is done`)
  settleDrift({ home, view: before, allowed: allowDrift })
  await ensureUp(home)
  await withTemporal(home, async temporal => {
    if (temporal === undefined) throw new Error('the services are up, and no Temporal server is known')
    const view = await lookAtRun(home, name, temporal)
    // With its services up again it goes on by itself.
    const held = before.state === 'waiting' && (view.state === 'running' || view.state === 'waiting')
    console.log(
      `${held ? `${name} goes on` : await goOn({ home, view, temporal })}. To follow it: ${commandFor(home, 'watch', name)}`,
    )
  })
}

/** Does what the state asks for, and says it. */
export async function goOn(run: { home: Home; view: RunView; temporal: TemporalRuns }): Promise<string> {
  const { home, view, temporal } = run
  const { name, state, experiments } = view
  const plan = readPlan(home.path, name)
  switch (state) {
    case 'done': {
      const damaged = unsound(home, name)
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
function unsound(home: Home, name: string): string[] {
  return experimentsOf(readPlan(home.path, name))
    .filter(experiment => finishedBefore(home.path, experiment).finished === undefined)
    .map(({ id }) => id)
}

function count(experiments: number): string {
  return experiments === 1 ? '1 experiment' : `${experiments} experiments`
}
