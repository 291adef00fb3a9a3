/** Sentences under the status of a run: what waits, what has failed, and what to do about it. */
import { existsSync } from 'node:fs'
import { readRecord } from '../../activities/machine/services-record.js'
import { experimentPaths, planPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { experimentsOf } from '../../activities/store/runs/runs.js'
import { cancelsValue } from '../../pipelines/config/contradictions/values.js'
import type { Plan } from '../../pipelines/config/schema.js'
import type { Home } from '../services/home.js'
import { isAlive } from '../services/processes.js'
import { externalTemporal } from '../services/temporal.js'
import { type WorkerName, workers } from '../services/workers.js'
import type { Answer } from './asked-of-temporal.js'
import { versionNotes } from './other-version.js'
import { type ExperimentView, isOver, type RunState, type RunView } from './run-view.js'
import { trackingFailureOf, waitingNote } from './tracking-notes.js'

/** In the order in which they are printed. */
export function runNotes(
  home: Home,
  {
    plan,
    state,
    experiments,
    answer,
    otherVersion,
  }: {
    plan: Plan
    state: RunState
    experiments: readonly ExperimentView[]
    answer: Answer
    otherVersion: RunView['otherVersion']
  },
): string[] {
  return [
    ...(answer.away && !isOver(state) ? [awayNote(home, plan)] : []),
    ...notesOf(state, experiments, answer),
    ...versionNotes(plan.name, otherVersion),
    ...(state === 'running' ? waitingNotes(plan, experiments, answer) : []),
    ...(isOver(state) ? [] : endedWorkers(home)),
    ...cancelledNotes(plan),
  ]
}

/** What can be said of a run while nobody can be asked: a server elsewhere may have it, or may never have heard of it. */
function awayNote(home: Home, plan: Plan): string {
  const hasBegun =
    existsSync(planPaths.provenance(runFolder(home.path, plan.name))) ||
    experimentsOf(plan).some(({ id }) => existsSync(experimentPaths.config(runFolder(home.path, id))))
  const work = hasBegun ? 'the work waits' : 'nothing of it has been computed, and whether it was started is not known'
  const external = externalTemporal()
  if (external === undefined) return `The Temporal server does not answer: ${work}. \`rlev up\` starts the services.`
  return `The Temporal server that the environment names (${external.address}) does not answer: ${work}. It is not this home's to start.`
}

function notesOf(state: RunState, experiments: readonly ExperimentView[], { workerAway, ending }: Answer): string[] {
  const notes: string[] = []
  if (workerAway && !isOver(state))
    notes.push('No worker answers for the run: `rlev up` starts what is missing, `rlev doctor` shows what is.')
  // A sweep's failure is the list of those of its experiments.
  if (ending?.state === 'failed' && !experiments.some(({ failure }) => failure !== undefined))
    notes.push(`It failed: ${ending.failure}`)
  const trackingFailure = trackingFailureOf(ending)
  if (trackingFailure !== undefined)
    notes.push(`MLflow lacks some of this run: ${trackingFailure}. \`rlev resume\` sends what is missing.`)
  for (const { id, trouble } of experiments) if (trouble !== undefined) notes.push(`${id}: ${trouble}`)
  for (const { id, held } of experiments) {
    if (held) notes.push(`${id} is held by a pause in Temporal itself: \`rlev resume\` releases it.`)
  }
  if (state === 'stopped') notes.push('Nobody works on it: `rlev resume` goes on where it stopped.')
  return notes
}

function waitingNotes(plan: Plan, experiments: readonly ExperimentView[], { progress }: Answer): string[] {
  const since = progress !== null && 'experiments' in progress ? progress.onlyTrackingSince : undefined
  return waitingNote(plan.kind, { experiments, since, now: Date.now() })
}

/** Arms that run knowingly though their estimator cancels the value. */
function cancelledNotes(plan: Plan): string[] {
  const arms = plan.kind === 'sweep' ? plan.arms : [plan]
  return arms
    .filter(({ config }) => cancelsValue(config))
    .map(
      ({ name, config }) =>
        `${name}: value transmission 0.00: ${config.estimator.name} cancels the value, and the arm takes the steps of correctness.`,
    )
}

/** A worker that was started here and is gone, of a home that is up: without a word about it the run would only seem to be slow. */
function endedWorkers(home: Home): string[] {
  const { processes, services } = readRecord(home)
  if (services === undefined) return []
  const started = (Object.keys(workers) as WorkerName[]).filter(name => processes[name] !== undefined)
  const ended = started.filter(name => !isAlive(processes[name]))
  return ended.map(name => `The ${name} worker has ended: \`rlev up\` starts it again, and the work goes on.`)
}
