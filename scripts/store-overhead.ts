/**
 * `npm run store-overhead`: what an object store costs beside a folder alone. Two homes on this machine, one of them a copy of a store (versitygw
 * behind 127.0.0.1, over a folder of the same disk). Every step of the quickstart's policy is computed in both, and every checkpoint is
 * written in both; which home is first alternates. So no distance is in it: a request over a network takes its round trip more.
 */
import { randomFillSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gpuActivities } from '../activities/gpu-activities.js'
import { ioActivities } from '../activities/io-activities.js'
import { Checkpoints } from '../activities/store/checkpoints.js'
import { storeVariable } from '../activities/store/objects/address.js'
import { runFolder } from '../activities/store/runs/run-folder.js'
import { PolicyCache } from '../activities/training/policy-cache.js'
import { type Workplace, workplace } from '../activities/workplace.js'
import { experimentKey } from '../pipelines/config/digest.js'
import { loadPlan } from '../pipelines/config/load.js'
import { type ExperimentConfig, experimentSchema } from '../pipelines/config/schema.js'
import { given } from '../pipelines/given.js'
import { prepare, runStage } from '../test/activities/driver.js'
import { bucket, Gateway, useGateway } from '../test/activities/store/objects/gateway.js'
import { describeMachine, thisMachine } from './bench/machine.js'
import { median } from './bench/statistics.js'

const { values } = parseArgs({
  options: {
    activities: { type: 'string', default: '6' },
    steps: { type: 'string', default: '40' },
    megabytes: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '5' },
  },
})
const [activities, steps, megabytes, rounds] = [values.activities, values.steps, values.megabytes, values.rounds].map(
  Number,
) as [number, number, number, number]

const placeNames = ['folder', 'store'] as const
type PlaceName = (typeof placeNames)[number]
type Times = Record<PlaceName, number[]>

/** Seconds of `work` in both homes, one after the other. A first round is not measured: it records graphs and opens connections. */
async function alternate(count: number, work: (place: PlaceName, round: number) => Promise<void>): Promise<Times> {
  const times: Times = { folder: [], store: [] }
  for (let round = 0; round <= count; round++) {
    for (const place of round % 2 === 0 ? placeNames : placeNames.toReversed()) {
      const began = performance.now()
      await work(place, round)
      if (round > 0) times[place].push((performance.now() - began) / 1000)
    }
  }
  return times
}

function tell(what: string, { folder, store }: Times, per = 1): void {
  const more = store.map((seconds, round) => (seconds - (folder[round] ?? 0)) / per)
  const [alone, both, extra] = [median(folder) / per, median(store) / per, median(more)]
  const numbers = [alone, both, extra, Math.min(...more), Math.max(...more)].map(seconds => seconds.toFixed(3))
  const [folderText, storeText, moreText, leastText, mostText] = numbers
  console.log(`${what}: folder ${folderText} s, store ${storeText} s, more ${moreText} s (${leastText} to ${mostText})`)
}

const homes: string[] = []
const gateway = await Gateway.start()
useGateway(gateway.port)

/** With a separate home. */
function place(name: PlaceName, prefix: string): Workplace {
  const home = mkdtempSync(join(tmpdir(), 'rlev-store-overhead-'))
  homes.push(home)
  if (name === 'store') process.env[storeVariable] = `s3://${bucket}/${prefix}`
  else delete process.env[storeVariable]
  return workplace(home)
}

function configOf(name: string, total: number, stepsPerActivity?: number): ExperimentConfig {
  const plan = loadPlan({ path: 'configs/quickstart.yaml' })
  if (plan.kind !== 'sweep') throw new Error('the quickstart is no sweep')
  const [arm] = plan.arms
  // The warm start is not measured.
  const warmStart = { ...arm?.config.warmStart, steps: 60, warmup: 10, finalSteps: 10 }
  const durability = { ...arm?.config.durability, ...given({ stepsPerActivity }) }
  return experimentSchema.parse({ ...arm?.config, name, warmStart, durability, steps: total })
}

async function measureSteps(what: string, config: ExperimentConfig): Promise<void> {
  const run = config.name
  const { stepsPerActivity } = config.durability
  const made = async (name: PlaceName) => {
    const at = place(name, run)
    const stages = await prepare(at, config)
    const policies = new PolicyCache(at.store)
    const [io, gpu] = [ioActivities(at), gpuActivities(at, policies)]
    // Into memory, which is not measured.
    await runStage(gpu.evaluatePolicy, { run, stages, step: 0 })
    return { stages, policies, io, gpu }
  }
  const both = { folder: await made('folder'), store: await made('store') }
  const times = await alternate(config.steps / stepsPerActivity - 1, async (name, round) => {
    const { stages, io, gpu } = both[name]
    const from = round * stepsPerActivity
    if (stepsPerActivity > 1) {
      await runStage(gpu.trainSteps, { run, stages, from, to: from + stepsPerActivity })
      return
    }
    const step = from + 1
    await runStage(gpu.rollOut, { run, stages, step })
    await runStage(io.scaleRewards, { run, stages, step })
    await runStage(gpu.updatePolicy, { run, stages, step })
  })
  tell(what, times, stepsPerActivity)
  for (const { policies } of Object.values(both)) await policies.dispose()
}

/** Weights and the optimizer's two moments, of random bytes: nothing of them is in the store. */
async function measureCheckpoints(): Promise<void> {
  const config = configOf('checkpoints', rounds + 1)
  const id = config.name
  const made = async (name: PlaceName) => {
    const at = place(name, id)
    await runStage(ioActivities(at).freezeRun, { experiment: { id, config } })
    await at.mirror?.take(id, { run: 'measured', activity: 1, attempt: 1 })
    return { ...at, checkpoints: new Checkpoints(runFolder(at.home, id), experimentKey(config)) }
  }
  const both = { folder: await made('folder'), store: await made('store') }
  const bytes = Buffer.alloc((megabytes * 1e6) / 3)
  const make = async (name: PlaceName, step: number) => {
    const { checkpoints, mirror } = both[name]
    await checkpoints.make({
      step,
      mayCommit: () => {},
      async fill(folder) {
        writeFileSync(join(folder, 'model.safetensors'), bytes)
        writeFileSync(join(folder, 'optimizer.safetensors'), Buffer.concat([bytes, bytes]))
      },
    })
    await mirror?.push(id, { fenced: true })
  }
  const times = await alternate(rounds, async (name, round) => {
    randomFillSync(bytes)
    await make(name, round + 1)
  })
  tell(`a checkpoint of ${megabytes} MB, written`, times)
  const pulled: number[] = []
  for (let round = 0; round < rounds; round++) {
    const empty = place('store', id)
    const began = performance.now()
    await empty.mirror?.join()
    await empty.mirror?.pull(id, { checkpoint: rounds + 1 })
    pulled.push((performance.now() - began) / 1000)
    rmSync(empty.home, { recursive: true, force: true })
  }
  console.log(`a checkpoint of ${megabytes} MB, pulled into an empty home: ${median(pulled).toFixed(3)} s`)
}

try {
  console.log(describeMachine(thisMachine()))
  await measureSteps('a step, three stages a step', configOf('single', steps + 1, 1))
  const whole = configOf('whole', 1)
  const { stepsPerActivity } = whole.durability
  await measureSteps(
    `a step, ${stepsPerActivity} steps and a checkpoint a stage`,
    configOf('whole', (activities + 1) * stepsPerActivity),
  )
  await measureCheckpoints()
} finally {
  await gateway.stop()
  for (const home of homes) rmSync(home, { recursive: true, force: true })
}
