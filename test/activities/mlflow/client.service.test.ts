import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { MlflowClient } from '../../../activities/mlflow/client.js'
import { MlflowError, MlflowHttp } from '../../../activities/mlflow/http.js'
import type { Metric } from '../../../activities/mlflow/types.js'
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

describe('resending', () => {
  /** A server that answers with what `answers` gives, one after the other, and counts. */
  async function serve(answers: ((request: IncomingMessage, response: ServerResponse) => void)[]) {
    let asked = 0
    const server: Server = createServer((request, response) => {
      const answer = answers[Math.min(asked, answers.length - 1)]
      asked++
      request.resume().on('end', () => answer?.(request, response))
    })
    await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle))
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return { address, asked: () => asked, close: () => new Promise(settle => server.close(settle)) }
  }
  const status =
    (code: number, text = '{}') =>
    (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(code, { 'content-type': 'application/json' }).end(text)
    }
  const reset = (request: IncomingMessage) => request.socket.destroy()
  const call = { method: 'POST', path: '/x', body: {} } as const

  it('repeats a repeatable call through 503, a broken connection and a page of HTML', async () => {
    const server = await serve([status(503), reset, status(502, '<html>bad gateway</html>'), status(200, '{"ok":1}')])
    const http = new MlflowHttp({ address: server.address, backoffMs: 1 })
    assert.deepEqual(await http.json({ ...call, repeatable: true }), { ok: 1 })
    assert.equal(server.asked(), 4)
    await server.close()
  })

  it('sends a creating call once when its fate is unclear, and again when it surely did not happen', async () => {
    const unclear = await serve([status(503), status(200)])
    const http = new MlflowHttp({ address: unclear.address, backoffMs: 1 })
    await assert.rejects(http.json({ ...call, repeatable: false }), isKind('ServiceUnavailable'))
    assert.equal(unclear.asked(), 1)
    await unclear.close()

    const throttled = await serve([status(429), status(408), status(200, '{"ok":1}')])
    const other = new MlflowHttp({ address: throttled.address, backoffMs: 1 })
    assert.deepEqual(await other.json({ ...call, repeatable: false }), { ok: 1 })
    assert.equal(throttled.asked(), 3)
    await throttled.close()
  })

  it('takes a page of HTML with status 200 for no answer', async () => {
    const page = status(200, '<html>please sign in</html>')
    const between = await serve([page, status(200, '{"ok":1}')])
    const http = new MlflowHttp({ address: between.address, backoffMs: 1 })
    assert.deepEqual(await http.json({ ...call, repeatable: true }), { ok: 1 })
    await between.close()

    const always = await serve([page])
    const other = new MlflowHttp({ address: always.address, attempts: 2, backoffMs: 1 })
    await assert.rejects(
      other.json({ ...call, repeatable: true }),
      (error: unknown) => isKind('ServiceUnavailable')(error) && /please sign in/.test(String(error)),
    )
    await always.close()
  })

  it('tells a server that is busy or away, which may pass, from an error in the server', async () => {
    for (const code of [408, 429, 502, 503, 504]) {
      const server = await serve([status(code)])
      const http = new MlflowHttp({ address: server.address, attempts: 2, backoffMs: 1 })
      await assert.rejects(http.json({ ...call, repeatable: true }), isKind('ServiceUnavailable'), String(code))
      assert.equal(server.asked(), 2)
      await server.close()
    }
    const broken = await serve([status(500)])
    const http = new MlflowHttp({ address: broken.address, attempts: 2, backoffMs: 1 })
    await assert.rejects(http.json({ ...call, repeatable: true }), MlflowError)
    await broken.close()
  })

  it('says which server does not answer', async () => {
    const server = await serve([status(200)])
    await server.close()
    const http = new MlflowHttp({ address: server.address, attempts: 2, backoffMs: 1 })
    await assert.rejects(http.json({ ...call, repeatable: false }), isKind('ServiceUnavailable'))
  })

  it('gives up on a server that says nothing', async () => {
    const server = await serve([() => {}])
    const http = new MlflowHttp({ address: server.address, attempts: 2, backoffMs: 1, timeoutMs: 100 })
    await assert.rejects(http.json({ ...call, repeatable: true }), isKind('ServiceUnavailable'))
    assert.equal(server.asked(), 2)
    void server.close()
  })

  it('takes name and password before a token, from the environment', async () => {
    const seen: (string | undefined)[] = []
    const server = await serve([
      (request, response) => {
        seen.push(request.headers.authorization)
        response.end('{}')
      },
    ])
    const send = (environment: NodeJS.ProcessEnv) =>
      new MlflowHttp({ address: server.address, environment }).json({ ...call, repeatable: true })
    await send({})
    await send({ MLFLOW_TRACKING_TOKEN: 't' })
    await send({ MLFLOW_TRACKING_USERNAME: 'u', MLFLOW_TRACKING_PASSWORD: 'p', MLFLOW_TRACKING_TOKEN: 't' })
    assert.deepEqual(seen, [undefined, 'Bearer t', `Basic ${Buffer.from('u:p').toString('base64')}`])
    await server.close()
  })
})
