/**
 * A large sweep on a real Temporal server with stub activities: `node dist/scripts/bench/sweep/main.js --cells 5000`. Prints the events of
 * every workflow, the CPU of its replay, and experiments an hour; kills the orchestrator in the middle. With `--keep` the home stays.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { homeId } from '../../../activities/workplace.js'
import { freezePlan } from '../../../commands/runs/frozen-plan.js'
import { startWorkflow } from '../../../commands/runs/start-workflow.js'
import { TemporalRuns } from '../../../commands/runs/temporal-runs.js'
import { TestServices } from '../../../test/services.js'
import type { Counts } from '../../../workflows/batches/batch-messages.js'
import { bundleOfWorkflows } from './bundle.js'
import { planOf } from './plan.js'
import { type Replayed, replaySweep } from './replay.js'

const { values } = parseArgs({
  options: {
    cells: { type: 'string', default: '5000' },
    seeds: { type: 'string', default: '5' },
    concurrency: { type: 'string', default: '16' },
    keep: { type: 'boolean', default: false },
  },
})
const [cells, seeds, concurrency] = [Number(values.cells), Number(values.seeds), Number(values.concurrency)]
Runtime.install({ logger: new DefaultLogger('ERROR') })
const plan = planOf({ arms: Math.ceil(cells / seeds), seeds, concurrency })
const services = await TestServices.start({ temporal: true, mlflow: false })
const { address } = services.services.temporal
const temporal = new TemporalRuns(services.services.temporal, services.home)
const started: ChildProcess[] = []
const seconds = () => performance.now() / 1000

try {
  const bundle = await bundleOfWorkflows()
  freezePlan(services.path, plan, 'bench')
  start('activities')
  let orchestrator = start('orchestrator')
  const began = seconds()
  await startWorkflow({ temporal, plan, home: homeId(services.path) })
  console.log(`home ${services.path}, ${plan.arms.length} arms x ${seeds} seeds, ${concurrency} at a time`)

  await until(({ done }) => done >= cells / 2)
  orchestrator.kill('SIGKILL')
  const killed = seconds()
  const open = await replaySweep(services.client, bundle, { name: plan.name, onlyOpen: true })
  tell('open when the orchestrator was killed', open)
  const before = await counts()
  orchestrator = start('orchestrator')
  const restarted = seconds()
  await until(({ done }) => done > (before?.done ?? 0))
  console.log(`first news ${(seconds() - restarted).toFixed(1)} s after the new orchestrator was started`)

  const handle = services.client.workflow.getHandle(temporal.workflowId(plan.name))
  const following = setInterval(() => void counts().then(say), 60_000)
  const result = await handle.result()
  clearInterval(following)
  const whole = seconds() - began - (restarted - killed)
  console.log(`result ${JSON.stringify((result as { counts?: Counts }).counts ?? 'rows')}`)
  console.log(`${whole.toFixed(0)} s, ${Math.round((3600 * cells) / whole)} experiments an hour`)
  tell('at the end', await replaySweep(services.client, bundle, { name: plan.name, onlyOpen: false }))
} finally {
  for (const child of started) child.kill('SIGKILL')
  await temporal.close()
  if (values.keep) process.env['RLEV_TEST_KEEP'] = '1'
  await services.stop()
}

function start(kind: 'orchestrator' | 'activities'): ChildProcess {
  const child = fork(fileURLToPath(new URL('worker.js', import.meta.url)), [kind, address, services.path])
  started.push(child)
  return child
}

async function counts(): Promise<Counts | undefined> {
  try {
    const progress = await temporal.progress(plan.name)
    if (progress === null || !('experiments' in progress)) return undefined
    const done = progress.experiments.filter(({ state }) => state === 'done').length
    return progress.counts ?? { waiting: 0, running: 0, done, failed: 0, cancelled: 0 }
  } catch {
    // The orchestrator is away or busy.
    return undefined
  }
}

async function until(holds: (counts: Counts) => boolean): Promise<void> {
  for (let last = 0; ; await sleep(2000)) {
    const now = await counts()
    if (now !== undefined && holds(now)) return
    if (seconds() - last < 60) continue
    last = seconds()
    say(now)
  }
}

function say(now: Counts | undefined): void {
  console.log(now === undefined ? 'the orchestrator does not answer' : JSON.stringify(now))
}

function tell(what: string, replayed: readonly Replayed[]): void {
  const worst = replayed.reduce((most, { cpuSeconds }) => Math.max(most, cpuSeconds), 0)
  const sum = replayed.reduce((total, { cpuSeconds }) => total + cpuSeconds, 0)
  console.log(
    `${what}: ${replayed.length} histories, replay ${sum.toFixed(2)} s of CPU in all, at most ${worst.toFixed(2)} s`,
  )
  for (const { workflowId, events, bytes, cpuSeconds } of replayed)
    console.log(`  ${workflowId}  ${events} events  ${bytes} bytes  ${cpuSeconds.toFixed(2)} s`)
}
