import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { MlflowClient } from '../../../activities/mlflow/client.js'
import { MlflowError } from '../../../activities/mlflow/http.js'
import type { Metric } from '../../../activities/mlflow/types.js'
import { logFile } from '../../../commands/services/home.js'
import { readParts } from '../../../commands/services/project.js'
import { RlevError } from '../../../pipelines/errors.js'
import { TestServices } from '../../services.js'

const isKind = (kind: string) => (error: unknown) => error instanceof RlevError && error.kind === kind

describe('the MLflow client, on a real server', () => {
  let services: TestServices
  let client: MlflowClient
  let experimentId: string
  before(async () => {
    services = await TestServices.start({ temporal: false, mlflow: true })
    client = new MlflowClient({ address: services.services.mlflow.url })
    experimentId = await client.ensureExperiment('client tests')
  })
  after(() => services.stop())

  const newRun = (key: string) =>
    client.ensureRun({ experimentId, key, runName: key, startTime: Date.now(), tags: [{ key: 'arm', value: 'a' }] })

  it('begins with the tables that set-up made', t => {
    const { emptyDatabase = '' } = readParts().mlflow ?? {}
    if (!existsSync(emptyDatabase)) return t.skip('an older set-up made none')
    assert.doesNotMatch(
      readFileSync(logFile(services.home, 'mlflow'), 'utf8'),
      /Creating initial MLflow database tables/,
    )
  })

  it('finds the experiment again that it made', async () => {
    assert.equal(await client.ensureExperiment('client tests'), experimentId)
    assert.equal(await client.getExperimentByName('none of this name'), null)
  })

  it('makes one run a key, however often and by how many it is asked', async () => {
    const key = "o'hara/arm/seed-1"
    const runs = await Promise.all([1, 2, 3, 4].map(() => newRun(key)))
    const again = await newRun(key)
    const listed = await client.runsByTag(experimentId, 'rlev.key', key)
    assert.equal(listed.length, 1)
    assert.equal(again.info.run_id, listed[0]?.info.run_id)
    assert.ok(runs.some(run => run.info.run_id === again.info.run_id))
  })

  it('keeps the series of names in other scripts apart', async () => {
    const runId = (await newRun('scripts')).info.run_id
    const keys = [
      'sections/代数_acc',
      'sections/几何_acc',
      'sections/Алгебра_acc',
      'sections/éléments_acc',
      'sections/٣_acc',
    ]
    const metrics = keys.map((key, index): Metric => ({ key, value: index, timestamp: 1_700_000_000_000, step: 0 }))
    await client.logBatch({ runId, metrics, params: [{ key: 'value.weakLabels.代数', value: '3' }] })
    for (const [index, key] of keys.entries()) {
      const history = await client.getMetricHistory(runId, key)
      assert.deepEqual(
        history.map(({ value }) => value),
        [index],
      )
    }
    const { data } = await client.getRun(runId)
    assert.equal(data.params?.find(({ key }) => key === 'value.weakLabels.代数')?.value, '3')
  })

  it('absorbs points that are sent twice, NaN among them, and cuts long lists', async () => {
    const runId = (await newRun('points')).info.run_id
    const metrics: Metric[] = Array.from({ length: 1200 }, (_, step) => ({
      key: 'reward/mean',
      value: step === 7 ? Number.NaN : step / 3,
      timestamp: 1_700_000_000_000 + step,
      step,
    }))
    await client.logBatch({ runId, metrics, params: [{ key: 'reward.alpha', value: '10' }] })
    await client.logBatch({ runId, metrics, params: [{ key: 'reward.alpha', value: '10' }] })
    const history = await client.getMetricHistory(runId, 'reward/mean')
    assert.equal(history.length, 1200)
    assert.deepEqual(
      history.map(({ step }) => step).sort((a, b) => a - b),
      metrics.map(({ step }) => step),
    )
    assert.equal(history.find(({ step }) => step === 8)?.value, 8 / 3)
  })

  it('refuses another value under a param, with the difference', async () => {
    const runId = (await newRun('params')).info.run_id
    await client.logParams(runId, [
      { key: 'reward.alpha', value: '10' },
      { key: 'seed', value: '1' },
    ])
    await assert.rejects(
      client.logParams(runId, [
        { key: 'reward.alpha', value: '3' },
        { key: 'seed', value: '1' },
      ]),
      (error: unknown) =>
        isKind('TrackingConflict')(error) && /reward\.alpha = 3[\s\S]*reward\.alpha = 10/.test(String(error)),
    )
  })

  it('refuses before sending what the server would change silently', async () => {
    const runId = (await newRun('limits')).info.run_id
    const point = { key: 'a', value: 1, timestamp: 1, step: 1 }
    for (const metric of [
      { ...point, step: 1.5 },
      { ...point, key: 'a//b' },
      { ...point, key: 'acc(high)' },
      { ...point, timestamp: 0.5 },
    ]) {
      await assert.rejects(client.logBatch({ runId, metrics: [metric] }), isKind('CallInvalid'))
    }
    await assert.rejects(
      client.logBatch({ runId, params: [{ key: 'a', value: 'x'.repeat(6001) }] }),
      isKind('CallInvalid'),
    )
    await assert.rejects(
      client.logBatch({ runId, tags: [{ key: 'a', value: 'x'.repeat(8001) }] }),
      isKind('CallInvalid'),
    )
  })

  it('logs a dataset once, and gives artifacts back as they were', async () => {
    const run = await newRun('inputs')
    const dataset = {
      dataset: { name: 'exam', digest: 'a'.repeat(32), source_type: 'local', source: '{}' },
      tags: [{ key: 'mlflow.data.context', value: 'train' }],
    }
    await client.logInputs(run.info.run_id, [dataset])
    await client.logInputs(run.info.run_id, [dataset])
    assert.equal((await client.getRun(run.info.run_id)).inputs?.dataset_inputs?.length, 1)

    const bytes = Uint8Array.from({ length: 5000 }, (_, index) => index % 251)
    await client.uploadArtifact(run, 'report/bytes.bin', new Uint8Array(3))
    await client.uploadArtifact(run, 'report/bytes.bin', bytes)
    assert.deepEqual(new Uint8Array(await client.downloadArtifact(run, 'report/bytes.bin')), bytes)
  })

  it('opens an ended run again without its old end', async () => {
    const runId = (await newRun('status')).info.run_id
    await client.updateRun({ runId, status: 'FAILED', endTime: 1_700_000_000_000 })
    await client.updateRun({ runId, status: 'RUNNING', endTime: 0 })
    const { info } = await client.getRun(runId)
    assert.equal(info.status, 'RUNNING')
    assert.equal(Number(info.end_time ?? 0), 0)
  })

  it('names the endpoint and the code of a refusal', async () => {
    await assert.rejects(
      client.getRun('0'.repeat(32)),
      (error: unknown) =>
        error instanceof MlflowError &&
        error.errorCode === 'RESOURCE_DOES_NOT_EXIST' &&
        /runs\/get/.test(error.endpoint),
    )
  })
})
