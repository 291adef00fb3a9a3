/** Tracking through a bad network, on a real MLflow server: nothing lost, nothing twice, no run that nobody owns. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { ioActivities } from '../../../activities/io-activities.js'
import { MlflowClient, tagOf } from '../../../activities/mlflow/client.js'
import { writeWhole } from '../../../activities/store/files.js'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { keepConfig, keepPlan } from '../../../activities/store/runs/runs.js'
import { seal } from '../../../activities/store/sealed.js'
import type { Subject } from '../../../activities/tracking/subject.js'
import { trackingKey } from '../../../activities/tracking/subject.js'
import { type Workplace, workplace } from '../../../activities/workplace.js'
import { makeLateRuns } from '../../../scripts/drill/network/late-runs.js'
import { runsOf } from '../../../scripts/drill/network/outcome.js'
import { trackPoints } from '../../../scripts/drill/network/points.js'
import type { Rates } from '../../../scripts/drill/proxies/faults.js'
import { TestServices } from '../../services.js'
import { tinyConfig } from '../../workflows/tiny.js'

let services: TestServices
let mlflow: string
let client: MlflowClient
let place: Workplace
before(async () => {
  services = await TestServices.start({ temporal: false, mlflow: true })
  mlflow = services.services.mlflow.url
  client = new MlflowClient({ address: mlflow })
  place = workplace(mkdtempSync(join(tmpdir(), 'rlev-tracking-')))
})
after(async () => {
  rmSync(place.home, { recursive: true, force: true })
  await services?.stop()
})

describe('points through a proxy', () => {
  for (const [name, rates] of [
    ['503-after-commit', { unavailable: 0.2 }],
    ['resets', { cutBefore: 0.07, cutAfter: 0.07, cutWithin: 0.06, delay: 0.05, longestDelay: 100 }],
  ] satisfies [string, Rates][]) {
    it(`are each in the history once: ${name}`, async () => {
      const { failures, expected, lost, doubled, ghosts } = await trackPoints({
        name,
        mlflow,
        points: 1000,
        rates,
        seed: 3,
      })
      assert.deepEqual(failures, [])
      assert.deepEqual([expected, lost, doubled, ghosts], [1000, 0, 0, 0])
    })
  }
})

describe('a run is made once', () => {
  it('where every creation is answered 503 after it was committed', async () => {
    const { failures, made } = await makeLateRuns({ name: 'lost', mlflow, runs: 5, rates: { unavailable: 1 }, seed: 1 })
    assert.deepEqual(failures, [])
    assert.equal(made, 5)
  })

  it('where a creation is committed after its caller gave up and made another', async () => {
    const rates = { delay: 0.7, longestDelay: 1500 }
    const { failures, runs, made } = await makeLateRuns({ name: 'late', mlflow, runs: 6, rates, seed: 1 })
    assert.deepEqual(failures, [])
    assert.ok(made > runs, 'at least one was made twice')
  })
})

describe('closing a run', () => {
  /** An experiment with six steps whose first three are in MLflow. */
  async function halfTracked(name: string) {
    process.env['MLFLOW_TRACKING_URI'] = mlflow
    const config = tinyConfig(name, { steps: 6 })
    keepPlan(place.home, { kind: 'experiment', name, config, warnings: [] })
    keepConfig(place.home, name, config)
    for (let step = 1; step <= 6; step++) {
      const metrics = { step, time: 1_700_000_000_000 + step, values: { 'reward/mean': step / 8 } }
      writeWhole(experimentPaths.metrics(runFolder(place.home, name), step), seal(metrics))
    }
    const subject: Subject = { kind: 'experiment', id: name, name, arm: name, seed: 1 }
    const { openTracking, trackProgress } = ioActivities(place)
    const { runId } = await run(openTracking, { subject })
    await run(trackProgress, { runId, run: name, from: 0, to: 3 })
    return { subject, runId, experiment: config.tracking.experiment }
  }

  const run = <Input, Output>(activity: (input: Input) => Promise<Output>, input: Input) =>
    new MockActivityEnvironment({ attempt: 1 }, { logger: new DefaultLogger('ERROR') }).run<
      [Input],
      Output,
      (input: Input) => Promise<Output>
    >(activity, input)

  const close = (subject: Subject, trackedRun: string) =>
    run(ioActivities(place).closeTracking, {
      subject,
      status: 'FINISHED',
      trackedStep: 3,
      trackedRun,
      endTime: Date.now(),
    })

  /** One run, finished, with all six points. */
  async function assertWhole(experiment: string, id: string): Promise<string> {
    const [tracked, ...others] = await runsOf(client, { experiment, id })
    assert.equal(others.length, 0)
    assert.equal(tracked?.info.status, 'FINISHED')
    const history = await client.getMetricHistory(tracked?.info.run_id ?? '', 'reward/mean')
    assert.deepEqual(
      history.map(({ step }) => step).sort((a, b) => a - b),
      [1, 2, 3, 4, 5, 6],
    )
    return tracked?.info.run_id ?? ''
  }

  async function ghost(subject: Subject, experiment: string, startTime: number) {
    const found = await client.getExperimentByName(experiment)
    const tags = [{ key: 'rlev.key', value: trackingKey(place, subject) }]
    return client.createRun({ experimentId: found?.experiment_id ?? '', runName: 'ghost', startTime, tags })
  }

  it('removes one that shows up late, whichever was asked for first, and keeps the one with the points', async () => {
    for (const [name, startTime] of Object.entries({ earlier: Date.now() - 60_000, later: Date.now() + 60_000 })) {
      const { subject, runId, experiment } = await halfTracked(name)
      await ghost(subject, experiment, startTime)
      await close(subject, runId)
      assert.equal(await assertWhole(experiment, name), runId)
    }
  })

  it('keeps the one with the points also when it is opened again', async () => {
    const { subject, runId, experiment } = await halfTracked('reopened')
    await ghost(subject, experiment, Date.now() + 60_000)
    const opened = await run(ioActivities(place).openTracking, { subject, trackedRun: runId })
    assert.equal(opened.runId, runId)
  })

  it('sends all points where the run that has them is gone', async () => {
    const { subject, runId, experiment } = await halfTracked('deleted')
    await client.deleteRun(runId)
    await close(subject, runId)
    assert.notEqual(await assertWhole(experiment, 'deleted'), runId)
  })

  it('puts an experiment inside the run that its sweep has now', async () => {
    process.env['MLFLOW_TRACKING_URI'] = mlflow
    const { openTracking } = ioActivities(place)
    const config = tinyConfig('family')
    const plan = {
      kind: 'sweep' as const,
      name: 'family',
      settings: { baseline: 'arm', placebo: [], seeds: [1], concurrency: 1, endpoint: 'expected-h-acc-curve' as const },
      arms: [{ name: 'arm', config }],
      warnings: [],
    }
    await run(ioActivities(place).freezeRun, { plan })
    await run(ioActivities(place).freezeRun, { experiment: { id: 'family/arm/seed-1', config } })
    const sweep: Subject = { kind: 'sweep', name: 'family' }
    const child: Subject = {
      kind: 'experiment',
      id: 'family/arm/seed-1',
      name: 'family',
      arm: 'arm',
      seed: 1,
      sweep: 'family',
    }
    // An experiment that comes first waits for its sweep.
    const early = run(openTracking, { subject: child })
    await sleep(1000)
    const first = await run(openTracking, { subject: sweep })
    const { runId } = await early
    await client.deleteRun(first.runId)
    const second = await run(openTracking, { subject: sweep })
    assert.notEqual(second.runId, first.runId)
    await ghost(sweep, config.tracking.experiment, Date.now() + 60_000)
    await run(openTracking, { subject: child })
    assert.equal(tagOf(await client.getRun(runId), 'mlflow.parentRunId'), second.runId)
  })
})
