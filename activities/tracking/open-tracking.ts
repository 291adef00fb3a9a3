/** Stage beside training: finds or makes the subject's run in MLflow, logs params, tags and datasets, and sets it to RUNNING. */
import { basename } from 'node:path'
import { Context } from '@temporalio/activity'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { workflowPage } from '../machine/services-record.js'
import type { DatasetInput, Param, Run, Tag } from '../mlflow/types.js'
import { readData } from '../prepare-data.js'
import { stage } from '../stage.js'
import { readOrigin } from '../store/runs/origin.js'
import { driftsOf, extensionsOf } from '../store/runs/provenance.js'
import { readPlan } from '../store/runs/runs.js'
import type { ArtifactRef } from '../store/store.js'
import { knownServices, type Workplace } from '../workplace.js'
import { paramsOf } from './layout.js'
import { sourceTags } from './source.js'
import { configOf, ensureTrackedRun, idOf, type OpenedRun, type Subject, shortDigest } from './subject.js'

export interface OpenTrackingInput {
  subject: Subject
  /** Known once the items are prepared. */
  data?: ArtifactRef
  /** The experiment was complete before: an MLflow run that is FINISHED stays so. */
  finished?: true
  /** The MLflow run that points were sent to before. */
  trackedRun?: string
}

export function openTracking(workplace: Workplace) {
  return stage({
    heartbeat: 'timer',
    run: async ({ subject, data, finished, trackedRun }: OpenTrackingInput): Promise<OpenedRun> => {
      const { client, run, url } = await ensureTrackedRun(workplace, subject, trackedRun)
      const runId = run.info.run_id
      const stays = run.info.status === 'RUNNING' || (finished === true && run.info.status === 'FINISHED')
      // An end time of 0 clears that of a run that is resumed.
      if (!stays) await client.updateRun({ runId, status: 'RUNNING', endTime: 0 })
      await client.logParams(runId, paramsToLog(workplace, subject, run))
      await client.logBatch({ runId, tags: [...tagsOfSubject(workplace, subject), ...(await sourceTags())] })
      if (data !== undefined)
        await client.logInputs(runId, datasetInputs(workplace, configOf(workplace, subject), data))
      return { runId, url }
    },
  })
}

/** Params cannot change in MLflow. After a drift or an extension the first ones stay, and a tag says what changed. */
function paramsToLog(workplace: Workplace, subject: Subject, { data }: Run): Param[] {
  const params = paramsOfSubject(workplace, subject)
  const id = idOf(subject)
  if (driftsOf(workplace.home, id).length + extensionsOf(workplace.home, id).length === 0) return params
  const there = new Set(data.params?.map(({ key }) => key))
  return params.filter(({ key }) => !there.has(key))
}

function paramsOfSubject(workplace: Workplace, subject: Subject): Param[] {
  if (subject.kind === 'experiment') {
    // The folder and how the work is cut do not change results, and may differ when a run is resumed.
    const {
      name: _name,
      durability: _durability,
      checkpoint: _checkpoint,
      tracking: _tracking,
      ...config
    } = configOf(workplace, subject)
    return paramsOf(config)
  }
  const plan = readPlan(workplace.home, subject.name)
  if (plan.kind !== 'sweep') return []
  return [
    { key: 'arms', value: listOf(plan.arms.map(({ name }) => name)) },
    { key: 'seeds', value: listOf(plan.settings.seeds.map(String)) },
    { key: 'baseline', value: plan.settings.baseline },
    { key: 'placebo', value: listOf(plan.settings.placebo) },
    { key: 'endpoint', value: plan.settings.endpoint },
  ]
}

/** Characters that MLflow takes in a param. */
const mostInParam = 6000

function listOf(names: readonly string[]): string {
  const text = names.join(', ')
  if (text.length <= mostInParam) return text
  const room = mostInParam - ' and 9999 more'.length
  const shown = text.slice(0, text.lastIndexOf(', ', room))
  return `${shown} and ${names.length - shown.split(', ').length} more`
}

function tagsOfSubject({ home, code }: Workplace, subject: Subject): Tag[] {
  const { workflowExecution } = Context.current().info
  const id = idOf(subject)
  const page = workflowPage(knownServices(home), workflowExecution?.workflowId ?? id)
  const drifts = driftsOf(home, id)
  const extensions = extensionsOf(home, id)
  const origin = readOrigin(home, subject.name)
  const tags: Tag[] = [
    { key: 'rlev.kind', value: subject.kind },
    { key: 'rlev.code', value: code.digest },
    ...(drifts.length === 0 ? [] : [{ key: 'rlev.drift', value: drifts.join('\n').slice(0, 4000) }]),
    ...(extensions.length === 0 ? [] : [{ key: 'rlev.extended', value: extensions.join('\n').slice(0, 4000) }]),
    ...(origin === null ? [] : [{ key: 'rlev.cloned_from', value: `step ${origin.step} of ${origin.experiment}` }]),
    { key: 'rlev.workflow', value: workflowExecution?.workflowId ?? id },
  ]
  if (page !== undefined) tags.push({ key: 'rlev.workflow_url', value: page })
  if (subject.kind === 'experiment') {
    tags.push({ key: 'rlev.arm', value: subject.arm }, { key: 'rlev.seed', value: String(subject.seed) })
  }
  return tags
}

function datasetInputs({ store }: Workplace, { data: config }: ExperimentConfig, data: ArtifactRef): DatasetInput[] {
  const { train, test } = readData(store, data)
  const name = config.source === 'synthetic' ? `exam-${config.exam}` : basename(config.train)
  const source =
    config.source === 'synthetic' ? { generator: 'rlev', exam: config.exam } : { path: basename(config.train) }
  const input = (context: 'train' | 'eval', rows: number): DatasetInput => ({
    dataset: {
      name: `${name}-${context}`.slice(0, 500),
      digest: shortDigest(`${data.sha256} ${context}`),
      source_type: config.source === 'synthetic' ? 'code' : 'local',
      source: JSON.stringify(source),
      profile: JSON.stringify({ num_rows: rows }),
    },
    tags: [{ key: 'mlflow.data.context', value: context }],
  })
  return [input('train', train.length), input('eval', test.length)]
}
