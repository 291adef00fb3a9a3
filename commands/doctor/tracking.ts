/**
 * Runs of this home that MLflow believes to be at work although they are over: they get the status that they ended with. One that
 * nobody ever opened, beside the one that ended, was committed after the attempt that asked for it had given up: it is deleted.
 */
import { join } from 'node:path'
import { MlflowClient, tagOf } from '../../activities/mlflow/client.js'
import { MlflowError } from '../../activities/mlflow/http.js'
import type { Run, RunStatus } from '../../activities/mlflow/types.js'
import { readIfThere } from '../../activities/store/files.js'
import { experimentsOf, listRuns, readPlan, readResult, type StoredResult } from '../../activities/store/runs/runs.js'
import type { Plan } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { isAway } from '../runs/asked-of-temporal.js'
import type { TemporalRuns } from '../runs/temporal-runs.js'
import { withTemporal } from '../runs/with-run.js'
import type { WorkflowFacts } from '../runs/workflow-facts.js'
import type { Home } from '../services/home.js'
import { externalMlflow, mlflowAnswers } from '../services/mlflow.js'
import type { Mending } from './mending.js'

type Ending = { status: Exclude<RunStatus, 'RUNNING'>; endTime: number }

/** Nothing where no MLflow answers: then nothing is known of its runs. */
export async function mendTracking(home: Home, mend: boolean): Promise<Mending[]> {
  const service = externalMlflow() ?? home.services?.mlflow
  const homeId = readIfThere(join(home.path, 'home-id'))?.toString('utf8').trim()
  const plans = plansOf(home.path)
  if (service === undefined || homeId === undefined || plans.length === 0 || !(await mlflowAnswers(service))) return []
  try {
    return await mendRuns({ home, homeId, plans, client: new MlflowClient({ address: service.url }), mend })
  } catch (error) {
    // As where it wants a password that is not given here: no reason to tell nothing of the rest.
    if (!(error instanceof MlflowError || isAway(error))) throw error
    return [{ done: 'left', place: service.url, what: `its runs could not be looked at: ${(error as Error).message}` }]
  }
}

async function mendRuns(options: {
  home: Home
  homeId: string
  plans: readonly Plan[]
  client: MlflowClient
  mend: boolean
}): Promise<Mending[]> {
  const { home, homeId, plans, client, mend } = options
  const running = await runningRuns(client, plans, homeId)
  return withTemporal(home, async temporal => {
    const mended: Mending[] = []
    for (const { run, subject } of running) {
      const ending = await endingOf({ home: home.path, homeId, subject, temporal })
      if (ending === null) continue
      const leftOver = await isLeftOver(client, run)
      if (mend && leftOver) await client.deleteRun(run.info.run_id)
      if (mend && !leftOver) await client.updateRun({ runId: run.info.run_id, ...ending })
      const what = leftOver
        ? `a second run of ${subject}, which nobody opened: it is deleted`
        : `the run of ${subject} is RUNNING there, and is over: ${ending.status}`
      mended.push({ done: mend ? 'mended' : 'would', place: `${client.address} run ${run.info.run_id}`, what })
    }
    return mended
  })
}

/** Those that can be read; `verify` tells of the others. */
function plansOf(home: string): Plan[] {
  return listRuns(home).flatMap(name => {
    try {
      return [readPlan(home, name)]
    } catch (error) {
      if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return []
      throw error
    }
  })
}

/** Runs in status RUNNING whose key names this home, with the sweep or experiment that they stand for. */
async function runningRuns(
  client: MlflowClient,
  plans: readonly Plan[],
  homeId: string,
): Promise<{ run: Run; subject: string }[]> {
  const known = new Set(plans.flatMap(plan => [plan.name, ...experimentsOf(plan).map(({ id }) => id)]))
  const names = new Set(plans.flatMap(plan => experimentsOf(plan).map(({ config }) => config.tracking.experiment)))
  const experiments = await Promise.all([...names].map(name => client.getExperimentByName(name)))
  const experimentIds = experiments.flatMap(found => (found === null ? [] : [found.experiment_id]))
  if (experimentIds.length === 0) return []
  const runs = await client.searchRuns({ experimentIds, filter: "attributes.status = 'RUNNING'" })
  return runs.flatMap(run => {
    const parts = tagOf(run, 'rlev.key')?.split('@') ?? []
    const [subject = ''] = parts
    return parts.at(-1) === homeId && known.has(subject) ? [{ run, subject }] : []
  })
}

async function isLeftOver(client: MlflowClient, run: Run): Promise<boolean> {
  const key = tagOf(run, 'rlev.key')
  // Opening gives it its kind.
  if (key === undefined || tagOf(run, 'rlev.kind') !== undefined) return false
  const all = await client.runsByTag(run.info.experiment_id, 'rlev.key', key)
  return all.some(({ info }) => info.run_id !== run.info.run_id && info.status !== 'RUNNING')
}

/** How it ended; null where it may be at work. The workflow speaks first: a run that was taken up again has an old result. */
async function endingOf(options: {
  home: string
  homeId: string
  subject: string
  temporal: TemporalRuns | undefined
}): Promise<Ending | null> {
  const { home, homeId, subject, temporal } = options
  const facts = await factsOf(temporal, subject, homeId)
  if (facts === 'not known' || facts === null) return byResult(resultOf(home, subject))
  if (facts.status === 'running') return null
  const status = { completed: 'FINISHED', failed: 'FAILED', cancelled: 'KILLED', terminated: 'KILLED' } as const
  return { status: status[facts.status], endTime: facts.endedAt ?? Date.now() }
}

/** A Temporal server may serve several homes, each with a run of this name: then it does not speak of ours. */
async function factsOf(
  temporal: TemporalRuns | undefined,
  id: string,
  homeId: string,
): Promise<WorkflowFacts | null | 'not known'> {
  if (temporal === undefined) return 'not known'
  try {
    const root = await temporal.facts(id.split('/')[0] ?? id)
    if (root?.memo['home'] !== undefined && root.memo['home'] !== homeId) return 'not known'
    return await temporal.facts(id)
  } catch (error) {
    if (!isAway(error)) throw error
    return 'not known'
  }
}

function byResult(result: StoredResult | null): Ending | null {
  if (result === null) return null
  const status = { done: 'FINISHED', failed: 'FAILED', cancelled: 'KILLED' } as const
  return { status: status[result.state], endTime: Date.now() }
}

/** Of an experiment; a sweep has no result file. */
function resultOf(home: string, id: string): StoredResult | null {
  try {
    return readResult(home, id)
  } catch (error) {
    if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return null
    throw error
  }
}
