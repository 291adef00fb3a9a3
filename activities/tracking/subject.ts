/** What an MLflow run stands for, a sweep or an experiment, and how it is found again. */

import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Context } from '@temporalio/activity'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { MlflowClient, tagOf } from '../mlflow/client.js'
import type { Run } from '../mlflow/types.js'
import { originalKey } from '../store/runs/provenance.js'
import { experimentsOf, readConfig, readPlan } from '../store/runs/runs.js'
import { homeId, trackingAddress, type Workplace } from '../workplace.js'

export type Subject =
  | { kind: 'sweep'; name: string }
  /** `sweep`: the name of the sweep it belongs to. */
  | { kind: 'experiment'; id: string; name: string; arm: string; seed: number; sweep?: string }

/** Workflow id, and path under `runs/`. */
export function idOf(subject: Subject): string {
  return subject.kind === 'sweep' ? subject.name : subject.id
}

/** An MLflow run that an activity writes to. */
export interface TrackedRun {
  client: MlflowClient
  run: Run
  url: string
}

export interface OpenedRun {
  runId: string
  url: string
}

/** Calls are aborted when the activity is cancelled. */
export function trackingClient({ home }: Workplace): MlflowClient {
  return new MlflowClient({ address: trackingAddress(home), signal: Context.current().cancellationSignal })
}

/** One for each run, config and home: `NAME/ARM/seed-1@<config>@<home>`, with the config that it began with. */
export function trackingKey({ home }: Workplace, subject: Subject): string {
  if (subject.kind === 'sweep') return `${subject.name}@${homeId(home)}`
  return `${subject.id}@${originalKey(home, subject.id, readConfig(home, subject.id)).slice(0, 12)}@${homeId(home)}`
}

export function runUrl(client: MlflowClient, run: Run): string {
  return `${client.address}/#/experiments/${run.info.experiment_id}/runs/${run.info.run_id}`
}

/** The config that names the MLflow experiment; for a sweep that of its first arm. */
export function configOf({ home }: Workplace, subject: Subject): ExperimentConfig {
  if (subject.kind === 'experiment') return readConfig(home, subject.id)
  const first = experimentsOf(readPlan(home, subject.name))[0]
  if (first === undefined)
    throw new RlevError({ kind: 'ConfigInvalid', message: 'the sweep has no arms', place: subject.name })
  return first.config
}

/** The subject's run: found by its key, or made with its tags inside its sweep's run. `known`: id of the run that has its points. */
export async function ensureTrackedRun(workplace: Workplace, subject: Subject, known?: string): Promise<TrackedRun> {
  // Before any request: an invalid subject must be refused also if the server is down.
  const { tracking } = configOf(workplace, subject)
  const client = trackingClient(workplace)
  const kind = [{ key: 'mlflow.experimentKind', value: 'custom_model_development' }]
  const experimentId = await client.ensureExperiment(tracking.experiment, kind)
  const parent =
    subject.kind === 'experiment' && subject.sweep !== undefined
      ? await sweepRun(workplace, client, experimentId, subject.sweep)
      : undefined
  const inside = parent === undefined ? [] : [{ key: parentTag, value: parent.info.run_id }]
  const run = await client.ensureRun({
    experimentId,
    key: trackingKey(workplace, subject),
    runName: subject.kind === 'sweep' ? subject.name : runName(subject),
    startTime: workplace.now(),
    tags: inside,
    ...given({ known }),
  })
  // The sweep's run may have been made again since.
  for (const { key, value } of inside) if (tagOf(run, key) !== value) await client.setTag(run.info.run_id, key, value)
  return { client, run, url: runUrl(client, run) }
}

const parentTag = 'mlflow.parentRunId'

/** Searches for a sweep's run, half a second apart, before the attempt fails: it is usually opened at the same time. */
const maxSearches = 20

/** Only the sweep itself makes its run. Its experiments wait until that run is open, which its tag `rlev.kind` shows. */
async function sweepRun(workplace: Workplace, client: MlflowClient, experimentId: string, name: string): Promise<Run> {
  const key = trackingKey(workplace, { kind: 'sweep', name })
  for (let search = 1; search <= maxSearches; search++) {
    const runs = await client.runsByTag(experimentId, 'rlev.key', key)
    const opened = runs.find(run => tagOf(run, 'rlev.kind') !== undefined)
    if (opened !== undefined) return opened
    await sleep(500, undefined, { signal: Context.current().cancellationSignal })
  }
  throw new RlevError({ kind: 'ServiceUnavailable', message: "the sweep's run is not in MLflow yet", place: key })
}

function runName({ sweep, arm, seed, name }: Extract<Subject, { kind: 'experiment' }>): string {
  return sweep === undefined ? name : `${arm} seed ${seed}`
}

/** MLflow takes at most 36 characters of a digest. */
export function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
