/** Machines that share a Temporal server: one that only launches, and workers that are started by hand. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { readRecord } from '../../activities/machine/services-record.js'
import { TestServices } from '../services.js'
import { shortest, tinyKeys } from '../workflows/tiny.js'
import { begin, type Called, type Calling } from './call.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-pools-'))
const home = join(folder, 'home')
let services: TestServices
const workers: Calling[] = []

before(async () => {
  services = await TestServices.start({ temporal: true, mlflow: false })
})

after(async () => {
  for (const { child } of workers) child.kill('SIGTERM')
  await Promise.all(workers.map(({ done }) => done))
  await services.stop()
  rmSync(folder, { recursive: true, force: true })
})

const shared = (): NodeJS.ProcessEnv => ({
  TEMPORAL_ADDRESS: services.services.temporal.address,
  MLFLOW_TRACKING_URI: 'http://127.0.0.1:9',
})

function configFile(name: string): string {
  const path = join(folder, `${name}.yaml`)
  writeFileSync(path, stringify({ name, ...tinyKeys(shortest) }))
  return path
}

async function startByHand(queue: 'rlev' | 'rlev-gpu', variables: NodeJS.ProcessEnv = {}): Promise<Calling> {
  const worker = begin(['worker', '--queue', queue, '--home', home], { variables: { ...shared(), ...variables } })
  workers.push(worker)
  for (const end = Date.now() + 60_000; Date.now() < end && !/ready/.test(worker.out()); await sleep(50));
  return worker
}

test('RLEV_WORKERS=none launches on servers elsewhere, and starts nothing here', async () => {
  const { TEMPORAL_ADDRESS: address } = shared()
  const variables = { ...(address ? { TEMPORAL_ADDRESS: address } : {}), RLEV_WORKERS: 'none' }
  const launched: Called = await begin(['run', configFile('far'), '--detach', '--home', home], { variables }).done
  assert.equal(launched.status, 0, launched.err)
  assert.deepEqual(readRecord({ path: home }).processes, {})
  assert.doesNotMatch(launched.err, /starting/)
  assert.doesNotMatch(launched.out, /tracked in MLflow/)
  const { status } = await services.client.workflow.getHandle('far').describe()
  assert.equal(status.name, 'RUNNING')
})

test('workers that are started by hand set the threads of TensorFlow, and make what was launched', async () => {
  const [, policy] = await Promise.all([startByHand('rlev'), startByHand('rlev-gpu', { RLEV_POLICY_THREADS: '2' })])
  const engine = childrenOf(policy.child.pid ?? 0).find(pid => commandOf(pid).includes('engine-process'))
  const environment = readFileSync(`/proc/${engine}/environ`, 'utf8').split('\0')
  assert.ok(environment.includes('TF_NUM_INTRAOP_THREADS=2'), environment.filter(one => one.startsWith('TF_')).join())
  const progress = services.client.workflow.getHandle('far')
  for (const end = Date.now() + 120_000; Date.now() < end; await sleep(500)) {
    const told = (await progress.query('progress')) as { onlyTrackingSince?: number }
    if (told.onlyTrackingSince !== undefined) return
  }
  assert.fail('the run was not made within two minutes')
})

const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(one => new RegExp(`\\) \\S ${pid} `).test(textOf(`/proc/${one}/stat`)))

const commandOf = (pid: number): string => textOf(`/proc/${pid}/cmdline`)

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It ended meanwhile.
    return ''
  }
}
