/** `rlev extend NAME --steps N`: a run that is over, complete or not, goes on to N steps. */
import { armFailPoints, failPointVariable } from '../activities/fail-points/fail-point.js'
import { readProvenance } from '../activities/store/runs/provenance.js'
import { experimentsOf, readPlan, readResult } from '../activities/store/runs/runs.js'
import { homeId } from '../activities/workplace.js'
import type { Plan } from '../pipelines/config/schema.js'
import { RlevError } from '../pipelines/errors.js'
import { printable } from '../pipelines/printable.js'
import { refuseTrainedElsewhere } from './import-results/refusals.js'
import { settleDrift } from './runs/drift.js'
import { extendedPlan, extendRun, extensionNotes } from './runs/extension.js'
import { unsoundExperiments } from './runs/go-on.js'
import { knownRun } from './runs/run-names.js'
import { lookAtRun } from './runs/run-status.js'
import { clauseOf, isOver, type RunView } from './runs/run-view.js'
import { pushRun } from './runs/shared-home.js'
import { commandFor } from './runs/shell-command.js'
import { startWorkflow } from './runs/start-workflow.js'
import { withTemporal } from './runs/with-run.js'
import { type Home, openHome } from './services/home.js'
import { ensureUp } from './services/up.js'

export interface ExtendOptions {
  home?: string | undefined
  name: string
  /** In all, those that are made included. */
  steps: number
  /** Go on with code that has changed since the run began. */
  allowDrift?: boolean | undefined
}

export async function extend({ home: path, name, steps, allowDrift = false }: ExtendOptions): Promise<void> {
  armFailPoints(process.env[failPointVariable])
  const home = openHome(path)
  knownRun(home.path, name)
  refuseTrainedElsewhere(home.path, name, 'to train further')
  const before = readPlan(home.path, name)
  const after = extendedPlan(before, steps)
  refuseStoppedEarly(home, before)
  const isNew = JSON.stringify(before) !== JSON.stringify(after)
  if (isNew) refuseUnbegun(home, name)
  // A server that is down says nothing of a run that is not done.
  await ensureUp(home)
  await withTemporal(home, async temporal => {
    if (temporal === undefined) throw new Error('the services are up, and no Temporal server is known')
    const view = await lookAtRun(home, name, temporal)
    if (!isNew && (!isOver(view.state) || (view.state === 'done' && unsoundExperiments(home, name).length === 0)))
      return console.log(`${name} has ${steps} steps already, and ${clauseOf(view.state)}`)
    refuseAtWork(home, view)
    settleDrift({ home, view, allowed: allowDrift })
    if (isNew) extendRun(home.path, before, after)
    for (const note of extensionNotes(before, after)) console.log(printable(note))
    await pushRun(home.path, name)
    await startWorkflow({ temporal, plan: after, home: homeId(home.path) })
    console.log(`${name} goes on to ${steps} steps. To follow it: ${commandFor(home, 'watch', name)}`)
  })
}

/** A workflow holds the config that it was started with. */
function refuseAtWork(home: Home, { name, state }: RunView): void {
  if (isOver(state)) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: `${name} ${clauseOf(state)}, with the steps that it was started with`,
    place: name,
    expected: 'a run that is over: done, failed, cancelled or stopped',
    found: state,
    remedy: `wait for its end, or ${commandFor(home, 'cancel', name)}, then this command again; what is made is kept`,
  })
}

/** An early stop follows from the evaluations that are made: with further steps it would come at the same step. */
function refuseStoppedEarly(home: Home, plan: Plan): void {
  const experiments = experimentsOf(plan)
  const stopped = experiments.filter(({ id }) => readResult(home.path, id)?.stopped !== undefined)
  if (stopped.length < experiments.length) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: `${plan.name} ended early by evaluation.earlyStop, and would end at the same step with more steps`,
    place: plan.name,
    expected: 'a run that was trained to its last step',
    found: `an early stop at step ${[...new Set(stopped.map(({ id }) => readResult(home.path, id)?.step))].join(', ')}`,
    remedy: `${commandFor(home, 'clone', plan.name, 'NEW', '--set', 'evaluation.earlyStop=null')} starts a new run from its last checkpoint`,
  })
}

function refuseUnbegun(home: Home, name: string): void {
  if (readProvenance(home.path, name) !== null) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: `${name} has not begun`,
    place: name,
    expected: 'a run with steps that are made',
    remedy: 'change steps in its config, and start it under another name',
  })
}
