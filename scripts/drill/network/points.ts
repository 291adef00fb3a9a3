/**
 * Many points of one experiment through a proxy, by the activities that a run calls: a step at a time, each attempt that fails
 * followed by another as Temporal would make it, and now and then an activity done twice, as when its own success is lost.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApplicationFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { ioActivities } from '../../../activities/io-activities.js'
import { MlflowClient } from '../../../activities/mlflow/client.js'
import { writeOnce } from '../../../activities/store/files.js'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { keepConfig, keepPlan } from '../../../activities/store/runs/runs.js'
import { seal } from '../../../activities/store/sealed.js'
import type { Subject } from '../../../activities/tracking/subject.js'
import { workplace } from '../../../activities/workplace.js'
import { stream } from '../../../pipelines/random.js'
import type { StepMetrics } from '../../../pipelines/training/step-metrics.js'
import { tinyConfig } from '../../../test/workflows/tiny.js'
import { type Counts, type Rates, struck } from '../proxies/faults.js'
import { HttpProxy } from '../proxies/http-proxy.js'
import { runsOf } from './outcome.js'

export interface PointsFound {
  failures: string[]
  expected: number
  lost: number
  doubled: number
  /** Runs in MLflow beyond the one, and those that are not finished. */
  ghosts: number
  /** Attempts of activities beyond the first. */
  attempts: number
  seconds: number
  counts: Counts
}

/** Metrics of a step. */
const keys = 10
/** Share of activities that are done once more after their success. */
const again = 0.05
const mostAttempts = 100

/** `mlflow`: address of the server. */
export async function trackPoints(options: {
  name: string
  mlflow: string
  points: number
  rates: Rates
  seed: number
}): Promise<PointsFound> {
  const { name, mlflow, points, rates, seed } = options
  const home = mkdtempSync(join(tmpdir(), 'rlev-points-'))
  const proxy = await HttpProxy.start({ target: Number(new URL(mlflow).port), seed, rates })
  const before = process.env['MLFLOW_TRACKING_URI']
  process.env['MLFLOW_TRACKING_URI'] = proxy.url
  try {
    const steps = Math.ceil(points / keys)
    const config = tinyConfig(name, { steps })
    keepPlan(home, { kind: 'experiment', name, config, warnings: [] })
    keepConfig(home, name, config)
    const written = Array.from({ length: steps }, (_, index) => metricsOf(index + 1))
    for (const metrics of written)
      writeOnce(experimentPaths.metrics(runFolder(home, name), metrics.step), seal(metrics))
    const began = performance.now()
    const attempts = await track({ home, name, steps, seed })
    const seconds = (performance.now() - began) / 1000
    const checked = await check(new MlflowClient({ address: mlflow, environment: {} }), {
      id: name,
      experiment: config.tracking.experiment,
      written,
    })
    const failures = struck(proxy.counts) === 0 ? [...checked.failures, `${name}: no fault struck`] : checked.failures
    return { ...checked, failures, attempts, seconds, counts: proxy.counts }
  } finally {
    if (before === undefined) delete process.env['MLFLOW_TRACKING_URI']
    else process.env['MLFLOW_TRACKING_URI'] = before
    await proxy.stop()
    rmSync(home, { recursive: true, force: true })
  }
}

function metricsOf(step: number): StepMetrics {
  const values = Array.from({ length: keys }, (_, key): [string, number] => [`drill/${key}`, (step * (key + 1)) / 7])
  return { step, time: 1_700_000_000_000 + step * 40, values: Object.fromEntries(values) }
}

/** Attempts beyond the first. */
async function track({ home, name, steps, seed }: { home: string; name: string; steps: number; seed: number }) {
  const { openTracking, trackProgress, closeTracking } = ioActivities(workplace(home))
  const subject: Subject = { kind: 'experiment', id: name, name, arm: name, seed: 1 }
  const draw = stream(seed, 'activities done twice')
  let calls = 0
  let attempts = 0
  async function call<Input, Output>(activity: (input: Input) => Promise<Output>, input: Input): Promise<Output> {
    const times = draw.uniform(calls++) < again ? 2 : 1
    let output = await untilDone(activity, input)
    if (times === 2) output = await untilDone(activity, input)
    return output
  }
  async function untilDone<Input, Output>(activity: (input: Input) => Promise<Output>, input: Input): Promise<Output> {
    for (let attempt = 1; ; attempt++) {
      const environment = new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR') })
      try {
        return await environment.run<[Input], Output, (input: Input) => Promise<Output>>(activity, input)
      } catch (error) {
        if (!(error instanceof ApplicationFailure) || error.nonRetryable === true || attempt === mostAttempts)
          throw error
        attempts++
        await sleep(100)
      }
    }
  }
  const { runId } = await call(openTracking, { subject })
  for (let step = 1; step <= steps; step++) {
    await call(trackProgress, { runId, run: name, from: step - 1, to: step })
  }
  const endTime = 1_700_000_000_000 + steps * 40
  await call(closeTracking, { subject, status: 'FINISHED', trackedStep: steps, trackedRun: runId, endTime })
  return attempts
}

async function check(
  client: MlflowClient,
  { id, experiment, written }: { id: string; experiment: string; written: readonly StepMetrics[] },
): Promise<Pick<PointsFound, 'failures' | 'expected' | 'lost' | 'doubled' | 'ghosts'>> {
  const name = (key: string, step: number, value: number, time: number) => `${key} step ${step} ${value} at ${time}`
  const expected = new Set(
    written.flatMap(({ step, time, values }) =>
      Object.entries(values).map(([key, value]) => name(key, step, value, time)),
    ),
  )
  const runs = await runsOf(client, { experiment, id })
  const found: string[] = []
  for (const run of runs) {
    for (const { key } of run.data.metrics ?? []) {
      const history = await client.getMetricHistory(run.info.run_id, key)
      found.push(...history.map(({ step, value, timestamp }) => name(key, step, value, Number(timestamp))))
    }
  }
  const there = new Set(found)
  const lost = [...expected].filter(point => !there.has(point)).length
  const doubled = found.length - there.size
  const foreign = [...there].filter(point => !expected.has(point)).length
  const running = runs.filter(({ info }) => info.status !== 'FINISHED').length
  const ghosts = Math.max(0, runs.length - 1) + running
  const failures = [
    [lost, 'points are lost'],
    [doubled, 'points are doubled'],
    [foreign, 'points were never written'],
    [ghosts, 'runs are ghosts'],
  ].flatMap(([count, what]) => (count === 0 ? [] : [`${id}: ${count} ${what}`]))
  if (runs.length === 0) failures.push(`${id}: no run in MLflow`)
  return { failures, expected: expected.size, lost, doubled, ghosts }
}
