/** What real services tell of themselves: where they listen, and whether any secret of the environment is found where others look. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { MlflowClient } from '../../activities/mlflow/client.js'
import { planPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { openHome } from '../../commands/services/home.js'
import { serviceStates } from '../../commands/services/state.js'
import { ensureUp } from '../../commands/services/up.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { experiment } from '../../workflows/experiment.js'
import { TestServices } from '../services.js'
import { tinyConfig } from '../workflows/tiny.js'
import { isLoopback, listening } from './listening.js'

const secrets = {
  MLFLOW_TRACKING_TOKEN: 'token-5d1f0c2a77',
  MLFLOW_TRACKING_PASSWORD: 'password-93bb41e6d0',
  TEMPORAL_API_KEY: 'apikey-0f6ac8e15b',
  TEMPORAL_TLS_CLIENT_KEY_DATA: 'privatekey-7c5e2d19f4',
  RLEV_JUDGE_KEY: 'judgekey-e80d4b6a3c',
}
const inAddress = 'inaddress-b7742fe91d'

let services: TestServices
let tracked: string

before(async () => {
  Object.assign(process.env, secrets)
  services = await TestServices.start({ temporal: true, mlflow: true })
  // The server of the home, named as one elsewhere would be: with a login in its address.
  const { url } = services.services.mlflow
  tracked = url.replace('//', `//reader:${inAddress}@`)
  process.env['MLFLOW_TRACKING_URI'] = tracked
  await Promise.all([services.startWorker('orchestrator'), services.startWorker('policy')])
})
after(async () => {
  for (const name of [...Object.keys(secrets), 'MLFLOW_TRACKING_URI']) delete process.env[name]
  await services?.stop()
})

/** A secret in every form in which it can be used: as it is, in a header, in an address. */
const traces = [...Object.values(secrets), inAddress].flatMap(secret => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  Buffer.from(`reader:${secret}`).toString('base64').replace(/=+$/, ''),
])

function tracesIn(content: Buffer | string): string[] {
  const bytes = Buffer.from(content)
  return traces.filter(trace => bytes.includes(trace))
}

function filesOf(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true }).map(name => join(folder, String(name)))
  return names.filter(path => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false)
}

/** The whole history of an experiment that has ended, well or not. */
async function ended(config: ExperimentConfig): Promise<string> {
  const { name } = config
  const handle = await services.client.workflow.start<typeof experiment>('experiment', {
    workflowId: name,
    taskQueue: services.queues.workflows,
    args: [{ name, arm: name, seed: config.seed, config }],
  })
  await handle.result().catch(() => {})
  return textOf(await handle.fetchHistory())
}

/** Everything that a history holds, payloads as the text that they are. */
function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([key, inner]) => `${key}: ${textOf(inner)}`)
    .join('\n')
}

test('every port of every service is on loopback', () => {
  const found = listening()
  const ports = found.map(({ port }) => port)
  const { temporal, mlflow } = services.services
  for (const port of [temporal.port, temporal.uiPort, Number(new URL(mlflow.url).port)]) {
    assert.ok(ports.includes(port as number), `nobody listens on ${port}: ${JSON.stringify(found)}`)
  }
  assert.deepEqual(
    found.filter(({ address }) => !isLoopback(address)),
    [],
  )
})

test('a run with secrets in its environment leaves none in histories, tracking, store, logs and report', async () => {
  const done = await ended(tinyConfig('kept'))
  const data = {
    source: 'file',
    train: '/nowhere/train.jsonl',
    testShare: 0.1,
    splitSeed: 1,
    form: 'auto',
    onBadRow: 'stop',
  } as const
  const failed = await ended({ ...tinyConfig('failed'), data })
  assert.match(done, /workflowExecutionCompletedEventAttributes: [^u]/)
  assert.match(failed, /cannot be read/)
  assert.deepEqual([tracesIn(done), tracesIn(failed)], [[], []])

  const runs = await new MlflowClient({ address: services.services.mlflow.url }).searchRuns({
    experimentIds: ['1'],
    filter: '',
  })
  assert.ok(runs.length >= 1, 'the run was tracked')
  const files = filesOf(services.path)
  for (const part of ['mlflow.db', 'temporal.db', 'orchestrator.log', 'policy.log', 'services.json']) {
    assert.ok(
      files.some(path => path.endsWith(part)),
      part,
    )
  }
  assert.ok(files.includes(planPaths.report(runFolder(services.path, 'kept'))))
  const found = files.map(path => [path, tracesIn(readFileSync(path))]).filter(([, traced]) => traced?.length !== 0)
  assert.deepEqual(found, [])
})

test('the servers of a home are started without secrets', () => {
  const environments = listening().map(({ pid }) => readFileSync(`/proc/${pid}/environ`, 'utf8'))
  assert.ok(environments.length > 0)
  for (const environment of environments) {
    for (const secret of Object.values(secrets)) assert.ok(!environment.includes(secret))
  }
})

test('services.json, states and errors name a server without its password', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rlev-secret-home-'))
  const { TEMPORAL_API_KEY: _key, ...others } = secrets
  try {
    const home = openHome(join(folder, 'home'))
    process.env['TEMPORAL_ADDRESS'] = services.services.temporal.address
    // With a key the SDK speaks TLS, which the server of a home does not.
    await assert.rejects(ensureUp(home, { report: () => {}, only: 'servers' }), (error: Error) => {
      assert.match(error.message, /does not answer/)
      assert.deepEqual(tracesIn(JSON.stringify(error) + error.message), [])
      return true
    })
    delete process.env['TEMPORAL_API_KEY']
    delete process.env['TEMPORAL_TLS_CLIENT_KEY_DATA']
    const up = await ensureUp(home, { report: () => {}, only: 'servers' })
    const states = await serviceStates(home)
    assert.deepEqual(states.map(({ state }) => state).slice(0, 2), ['running', 'running'])
    for (const told of [
      JSON.stringify(up),
      JSON.stringify(states),
      ...filesOf(home.path).map(path => readFileSync(path)),
    ]) {
      assert.deepEqual(tracesIn(told), [])
    }
    process.env['MLFLOW_TRACKING_URI'] = `postgresql://reader:${inAddress}@db/mlflow`
    await assert.rejects(ensureUp(home, { report: () => {}, only: 'servers' }), (error: Error) => {
      assert.match(error.message, /postgresql:\/\/\*\*\*@db\/mlflow/)
      assert.deepEqual(tracesIn(error.message), [])
      return true
    })
  } finally {
    Object.assign(process.env, others, { MLFLOW_TRACKING_URI: tracked })
    delete process.env['TEMPORAL_ADDRESS']
    rmSync(folder, { recursive: true, force: true })
  }
})
