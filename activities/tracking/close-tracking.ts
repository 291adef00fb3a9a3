/** Last stage of tracking: the points that were not sent yet, final values, artifacts, the result in words, and the run's status. */
import { join } from 'node:path'
import type { Comparison } from '../../pipelines/comparison/comparison.js'
import { alarmsOfOutcome } from '../../pipelines/comparison/outcome.js'
import type { PredictionQuality } from '../../pipelines/values/predictor/quality.js'
import { type MlflowClient, tagOf } from '../mlflow/client.js'
import type { Run, RunStatus } from '../mlflow/types.js'
import { stage } from '../stage.js'
import { readIfThere } from '../store/files.js'
import { experimentPaths, planPaths, runFolder } from '../store/runs/run-folder.js'
import { experimentsOf, outcomeOf, readEvaluations, readPlan, readResult } from '../store/runs/runs.js'
import { readSealed } from '../store/sealed.js'
import type { Workplace } from '../workplace.js'
import { comparisonMetrics, experimentNote, finalMetrics, predictorMetrics, samplesTable } from './layout.js'
import { configOf, ensureTrackedRun, type OpenedRun, type Subject } from './subject.js'
import { pointsOf } from './track-progress.js'
import type { OpenStatus } from './track-status.js'

export interface CloseTrackingInput {
  subject: Subject
  status: Exclude<RunStatus, OpenStatus>
  /** Last step whose points were sent; -1 for none. */
  trackedStep: number
  /** The run of MLflow that they were sent to. */
  trackedRun?: string
  /** By the workflow's clock, in ms. */
  endTime: number
  failure?: string
}

export function closeTracking(workplace: Workplace) {
  return stage({
    heartbeat: 'timer',
    run: async (input: CloseTrackingInput): Promise<OpenedRun> => {
      const { subject, status, endTime, failure, trackedRun } = input
      const { client, run, url } = await ensureTrackedRun(workplace, subject, trackedRun)
      const runId = run.info.run_id
      if (subject.kind === 'experiment') await closeExperiment({ workplace, client, run, input })
      const report = subject.kind === 'sweep' ? subject.name : subject.sweep === undefined ? subject.id : undefined
      if (report !== undefined) await uploadReport({ workplace, client, run, name: report })
      if (subject.kind === 'sweep') await closeSweep({ workplace, client, run, name: subject.name })
      // A run that was resumed and ended well has no failure any more.
      const failedBefore = tagOf(run, 'rlev.failure') !== undefined
      if (failure !== undefined || failedBefore)
        await client.setTag(runId, 'rlev.failure', failure?.slice(0, 2000) ?? '')
      // An experiment that was complete before keeps its end time.
      const { status: before, end_time: endBefore } = run.info
      const ended = before === 'FINISHED' && status === before ? endBefore : undefined
      await client.updateRun({ runId, status, endTime: ended ?? endTime })
      // A run that an earlier attempt asked for and gave up may exist by now: only one is kept.
      await ensureTrackedRun(workplace, subject, runId)
      return { runId, url }
    },
  })
}

async function closeExperiment({
  workplace,
  client,
  run,
  input: { subject, trackedStep, trackedRun },
}: {
  workplace: Workplace
  client: MlflowClient
  run: Run
  input: CloseTrackingInput
}): Promise<void> {
  if (subject.kind !== 'experiment') return
  const runId = run.info.run_id
  const config = configOf(workplace, subject)
  const evaluations = readEvaluations(workplace.home, subject.id)
  // The MLflow run with the earlier points may be gone; all points are then sent again.
  const from = trackedRun === runId ? trackedStep : -1
  const points = pointsOf(workplace, subject.id, { from, to: config.steps })
  const end = readResult(workplace.home, subject.id)?.stopped?.step ?? config.steps
  const complete = evaluations.at(-1)?.evaluation.step === end
  const prediction = readSealed<PredictionQuality>(experimentPaths.predictor(runFolder(workplace.home, subject.id)))
  const [base] = evaluations
  const predicted = prediction === null || base === undefined ? [] : predictorMetrics(prediction, base.time)
  await client.logBatch({ runId, metrics: [...points, ...predicted, ...(complete ? finalMetrics(evaluations) : [])] })
  await client.uploadArtifact(run, 'config.json', JSON.stringify(config, null, 2))
  const { name, arm, seed } = subject
  const alarms = alarmsOfOutcome(outcomeOf(workplace.home, name, { id: subject.id, arm, seed, config }))
  const last = evaluations.at(-1)
  if (last !== undefined) {
    await client.uploadArtifact(run, 'eval/samples.json', JSON.stringify(samplesTable(last.evaluation)))
    await client.setTag(runId, 'mlflow.loggedArtifacts', JSON.stringify([{ path: 'eval/samples.json', type: 'table' }]))
  }
  await client.setTag(runId, 'mlflow.note.content', experimentNote({ config, evaluations, run: subject.id, alarms }))
}

/** A sweep or a single experiment under `runs/name`, and its run in MLflow. */
interface NamedRun {
  workplace: Workplace
  client: MlflowClient
  run: Run
  name: string
}

async function uploadReport({ workplace, client, run, name }: NamedRun): Promise<void> {
  const folder = runFolder(workplace.home, name)
  const files = Object.keys(readSealed<Record<string, string>>(planPaths.reportFiles(folder)) ?? {})
  const artifacts: [artifact: string, path: string][] = [
    ['plan.json', planPaths.plan(folder)],
    ...files.map((file): [string, string] => [`report/${file}`, join(planPaths.reportFolder(folder), file)]),
  ]
  for (const [artifact, path] of artifacts) {
    const bytes = readIfThere(path)
    if (bytes !== null) await client.uploadArtifact(run, artifact, bytes)
  }
}

/** The endpoint of each arm as bars, the comparison as the run's text. */
async function closeSweep({ workplace, client, run, name }: NamedRun): Promise<void> {
  const folder = runFolder(workplace.home, name)
  const comparison = readIfThere(planPaths.comparison(folder))
  const words = readIfThere(planPaths.comparisonMarkdown(folder))
  if (comparison === null || words === null) return
  const times = experimentsOf(readPlan(workplace.home, name)).map(
    ({ id }) => readEvaluations(workplace.home, id).at(-1)?.time ?? 0,
  )
  const metrics = comparisonMetrics(JSON.parse(comparison.toString('utf8')) as Comparison, Math.max(...times))
  await client.logBatch({ runId: run.info.run_id, metrics })
  await client.setTag(run.info.run_id, 'mlflow.note.content', words.toString('utf8').slice(0, 8000))
}
