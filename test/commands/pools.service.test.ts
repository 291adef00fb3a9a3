/** Machines that share a Temporal server: one that only launches, and workers that are started by hand. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { codeOf } from '../../activities/machine/code.js'
import { readRecord } from '../../activities/machine/services-record.js'
import { readProvenance } from '../../activities/store/runs/provenance.js'
import { readResult } from '../../activities/store/runs/runs.js'
import { homeId } from '../../activities/workplace.js'
import { buildFolder } from '../../commands/services/project.js'
import { workflowIdOf } from '../../pipelines/config/names.js'
import { workerDied } from '../../workflows/messages.js'
import { TestServices } from '../services.js'
import { shortest, tinyKeys } from '../workflows/tiny.js'
import { begin, type Called, type Calling } from './call.js'
import { otherVersion } from './other-version.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-pools-'))
const home = join(folder, 'home')
/** The home of another person. */
const others = join(folder, 'others')
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

const policies: Calling[] = []

const workflow = () => services.client.workflow.getHandle(workflowIdOf('far', homeId(home)))

const shared = (): NodeJS.ProcessEnv => ({
  TEMPORAL_ADDRESS: services.services.temporal.address,
  MLFLOW_TRACKING_URI: 'http://127.0.0.1:9',
})

// Each step as three activities, so that an experiment that does not keep to its worker makes every update twice.
const apart = { steps: 4, durability: { stepsPerActivity: 1, heartbeatTimeout: 60 } }

function configFile(name: string, keys: Parameters<typeof tinyKeys>[0] = apart): string {
  const path = join(folder, `${name}.yaml`)
  const overrides = { ...shortest, ...keys }
  writeFileSync(path, stringify({ name, ...tinyKeys(overrides) }))
  return path
}

async function startByHand(
  queue: 'rlev' | 'rlev-gpu' | 'all',
  variables: NodeJS.ProcessEnv = {},
  { at = home, build = buildFolder } = {},
): Promise<Calling> {
  const all = { ...shared(), RLEV_LOG_LEVEL: 'DEBUG', ...variables }
  const worker = begin(['worker', '--queue', queue, '--home', at], { variables: all, build })
  workers.push(worker)
  for (const end = Date.now() + 300_000; Date.now() < end && !/ready/.test(worker.out()); await sleep(50));
  return worker
}

async function launch(config: string, at = home): Promise<Called> {
  const variables = { TEMPORAL_ADDRESS: services.services.temporal.address, RLEV_WORKERS: 'none' }
  const launched = await begin(['run', config, '--detach', '--home', at], { variables }).done
  assert.equal(launched.status, 0, launched.err)
  return launched
}

test('RLEV_WORKERS=none launches on servers elsewhere, and starts nothing here', async () => {
  const launched = await launch(configFile('far'))
  // Another person, with a run of the same name in the same namespace.
  await launch(configFile('far'), others)
  assert.deepEqual(readRecord({ path: home }).processes, {})
  assert.doesNotMatch(launched.err, /starting/)
  assert.doesNotMatch(launched.out, /tracked in MLflow/)
  const { status } = await workflow().describe()
  assert.equal(status.name, 'RUNNING')
})

test('workers of another version and of another home on the same server take nothing of a run', async () => {
  const other = otherVersion(join(folder, 'other'))
  const [, foreign] = await Promise.all([
    startByHand('all', {}, { build: other }),
    startByHand('all', {}, { at: others }),
  ])
  for (const end = Date.now() + 300_000; Date.now() < end && readResult(others, 'far') === null; await sleep(500));
  assert.equal(readResult(others, 'far')?.state, 'done')
  assert.equal(readProvenance(home, 'far'), null)
  assert.equal(readResult(home, 'far'), null)
  assert.equal((await workflow().describe()).status.name, 'RUNNING')
  foreign.child.kill('SIGTERM')
})

test('workers that are started by hand set the threads of TensorFlow, and make what was launched', async () => {
  const [first, second] = await Promise.all([
    startByHand('rlev-gpu', { RLEV_POLICY_THREADS: '2', RLEV_SLOT: 'first' }),
    startByHand('rlev-gpu', { RLEV_SLOT: 'second' }),
    startByHand('rlev'),
  ])
  const engine = childrenOf(first.child.pid ?? 0).find(pid => commandOf(pid).includes('engine-process'))
  const environment = readFileSync(`/proc/${engine}/environ`, 'utf8').split('\0')
  assert.ok(environment.includes('TF_NUM_INTRAOP_THREADS=2'), environment.filter(one => one.startsWith('TF_')).join())
  for (const end = Date.now() + 600_000; Date.now() < end && readResult(home, 'far') === null; await sleep(500));
  assert.equal(readResult(home, 'far')?.state, 'done')
  assert.equal(readResult(home, 'far')?.weights, readResult(others, 'far')?.weights)
  assert.equal(readProvenance(home, 'far')?.code.digest, codeOf(buildFolder).digest)
  policies.push(first, second)
})

test('an experiment keeps to its worker, which Temporal names with its slot and build, so no update is made twice', async () => {
  const said = policies.map(({ err }) => err())
  const count = (what: string) => said.map(text => text.split(`"message":"${what}"`).length - 1)
  assert.deepEqual(count('sampling').sort(), [0, 4])
  assert.deepEqual(count('step replayed'), [0, 0])
  assert.deepEqual(count('policy loaded').sort(), [0, 1])
  const { events } = await workflow().fetchHistory()
  const identities = events?.flatMap(({ activityTaskStartedEventAttributes: started }) => started?.identity ?? [])
  const ofPolicy = new Set(identities?.filter(identity => identity.startsWith('rlev-policy@')))
  assert.equal(ofPolicy.size, 1)
  assert.match([...ofPolicy].join(), /^rlev-policy@\S+#(first|second) build [0-9a-f]{6}$/)
})

test('after the death of its worker an experiment goes on at another one, without a wait for the heartbeat timeout', async () => {
  const steps = 300
  const config = configFile('lost', {
    ...{ steps, evaluation: { every: steps }, checkpoint: { everySteps: steps } },
    durability: { stepsPerActivity: steps, heartbeatTimeout: 600 },
  })
  await launch(config)
  const lost = services.client.workflow.getHandle(workflowIdOf('lost', homeId(home)))
  const training = async () => {
    const { raw } = await lost.describe()
    return raw.pendingActivities?.find(
      ({ activityType, state }) => activityType?.name === 'trainSteps' && state === startedState,
    )
  }
  let at = await training()
  for (const end = Date.now() + 300_000; Date.now() < end && at === undefined; await sleep(200)) at = await training()
  const slot = /#(first|second) /.exec(at?.lastWorkerIdentity ?? '')?.[1]
  assert.match(at?.activityOptions?.taskQueue?.name ?? '', new RegExp(`\\.${slot}$`))
  policies[slot === 'first' ? 0 : 1]?.child.kill('SIGKILL')
  for (const end = Date.now() + 600_000; Date.now() < end && readResult(home, 'lost') === null; await sleep(500));
  assert.equal(readResult(home, 'lost')?.state, 'done', JSON.stringify(readResult(home, 'lost')))

  const { events = [] } = await lost.fetchHistory()
  const failures = (events ?? []).filter(({ activityTaskFailedEventAttributes: failed }) => failed)
  const kinds = failures.map(one => one.activityTaskFailedEventAttributes?.failure?.applicationFailureInfo?.type)
  assert.deepEqual(kinds, [workerDied])
  const noticed = timeMsOf(failures[0])
  const identityOf = (event: (typeof failures)[number]) => event.activityTaskStartedEventAttributes?.identity ?? ''
  const next = (events ?? []).find(one => identityOf(one).startsWith('rlev-policy@') && timeMsOf(one) > noticed)
  const waitedMs = timeMsOf(next) - noticed
  console.log(`the other worker began ${waitedMs} ms after the death was noticed`)
  assert.ok(waitedMs < 3_000, `${waitedMs} ms`)
})

/** `PENDING_ACTIVITY_STATE_STARTED`. */
const startedState = 2

type Moment = { eventTime?: { seconds?: unknown; nanos?: number | null } | null } | undefined

const timeMsOf = (event: Moment): number =>
  1000 * Number(event?.eventTime?.seconds ?? 0) + (event?.eventTime?.nanos ?? 0) / 1e6

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
