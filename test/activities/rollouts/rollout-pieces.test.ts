/** Rollouts in pieces: the same bits from any number of workers, whatever dies, and nothing is left in the store. */
import assert from 'node:assert/strict'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { EngineHost } from '../../../activities/engine-process/engine-host.js'
import { failPointVariable } from '../../../activities/fail-points/fail-point.js'
import type { FailPointName } from '../../../activities/fail-points/names.js'
import { type GpuActivities, gpuActivities } from '../../../activities/gpu-activities.js'
import { namesIn, sha256 } from '../../../activities/store/files.js'
import { runFolder } from '../../../activities/store/runs/run-folder.js'
import { PolicyCache } from '../../../activities/training/policy-cache.js'
import type { StageOutputs } from '../../../activities/training/training.js'
import { type Workplace, workplace } from '../../../activities/workplace.js'
import { tinyConfig } from '../../workflows/tiny.js'
import { prepare, resultOf, runStage } from '../driver.js'

/** 7 prompts in 4 pieces, the last of one prompt. Only the last step has a checkpoint. */
const config = tinyConfig('pieces', {
  steps: 3,
  rollout: { prompts: 7, samples: 8, piece: 2 },
  update: { learningRate: 1e-2, adapter: { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj', 'down_proj'] } },
  checkpoint: { everySteps: 3 },
})
const { name: run, steps } = config
const pieceCount = 4

const homes: string[] = []
const open: PolicyCache[] = []
after(async () => {
  for (const policies of open) await policies.dispose()
  for (const home of homes) rmSync(home, { recursive: true, force: true })
})

interface Subject {
  place: Workplace
  stages: StageOutputs
}

/** The same time everywhere. */
const at = (home: string): Workplace => ({ ...workplace(home), now: () => 1e12 })

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'rlev-rollout-pieces-'))
  homes.push(home)
  return home
}

/** Everything before training. */
let prepared: Subject | undefined
async function copyOfPrepared(): Promise<Subject> {
  if (prepared === undefined) {
    const place = at(newHome())
    prepared = { place, stages: await prepare(place, config) }
  }
  const place = at(newHome())
  cpSync(prepared.place.home, place.home, { recursive: true })
  return { place, stages: prepared.stages }
}

type Worker = Pick<GpuActivities, 'rollOut' | 'rollOutPieces' | 'trainSteps'>

/** A policy worker that has just come up. */
function worker(place: Workplace): Worker {
  const policies = new PolicyCache(place.store)
  open.push(policies)
  return gpuActivities(place, policies)
}

async function cutOf({ stages }: Subject, own: Worker, step: number) {
  const cut = await runStage(own.rollOut, { run, stages, step, spread: true })
  assert.ok('parts' in cut)
  return cut
}

/** As the workflow does it. `by` makes the part of this number. */
async function trainStep(
  subject: Subject,
  { own, step, by, order = parts => parts }: Stepping & { own: Worker; step: number },
): Promise<void> {
  const { stages } = subject
  const { parts, adapter, answered } = await cutOf(subject, own, step)
  assert.deepEqual(answered, { done: 0, of: 56 })
  for (const [index, part] of order(parts.map((part, number) => [number, part] as const))) {
    await runStage(by(index).rollOutPieces, { run, stages, step, adapter, ...part })
  }
  const rolledOut = await runStage(own.rollOut, { run, stages, step, spread: false })
  assert.equal('responses' in rolledOut && rolledOut.responses, 56)
  assert.deepEqual(leftIn(subject), [])
  await runStage(own.trainSteps, { run, stages, from: step - 1, to: step })
}

type Numbered = readonly (readonly [number, { from: number; to: number }])[]
interface Stepping {
  by: (part: number) => Worker
  order?: (parts: Numbered) => Numbered
}

async function train(subject: Subject, own: Worker, stepping: Stepping): Promise<void> {
  for (let step = 1; step <= steps; step++) await trainStep(subject, { own, step, ...stepping })
}

/** What rollouts in pieces left in the store. */
const leftIn = ({ place }: Subject) =>
  ['rollout-piece', 'rollout-adapter'].flatMap(kind => namesIn(join(place.home, 'store', kind)))

/** Weights, optimizer and measures, and digests of the journaled rollouts. */
function madeIn({ place }: Subject) {
  const folder = join(runFolder(place.home, run), 'rollouts')
  const rollouts = namesIn(folder).map(name => sha256(readFileSync(join(folder, name))))
  assert.equal(rollouts.length, steps)
  return { rollouts, ...resultOf(place, config) }
}

let whole: ReturnType<typeof madeIn> | undefined
/** By one activity of one worker. */
async function expected(): Promise<ReturnType<typeof madeIn>> {
  if (whole === undefined) {
    const subject = await copyOfPrepared()
    await runStage(worker(subject.place).trainSteps, { run, stages: subject.stages, from: 0, to: steps })
    assert.deepEqual(leftIn(subject), [])
    whole = madeIn(subject)
  }
  return whole
}

test('one, two and three workers, in whatever order, come to the bits of one activity, and leave no piece', async () => {
  for (const workers of [1, 2, 3]) {
    const subject = await copyOfPrepared()
    const made = Array.from({ length: workers }, () => worker(subject.place))
    const [own] = made
    assert.ok(own)
    await train(subject, own, {
      by: part => made[part % workers] ?? own,
      order: parts => (workers === 2 ? parts.toReversed() : parts),
    })
    assert.deepEqual(madeIn(subject), await expected(), `${workers} workers`)
  }
})

test('an experiment whose worker changes in every step comes to the same bits', async () => {
  const subject = await copyOfPrepared()
  for (let step = 1; step <= steps; step++) {
    const [own, other] = [worker(subject.place), worker(subject.place)]
    await trainStep(subject, { own, step, by: part => (part % 2 === 0 ? other : own) })
  }
  assert.deepEqual(madeIn(subject), await expected())
})

const timesIn = ({ place }: Subject) => {
  const folder = join(place.home, 'store', 'rollout-piece')
  return new Map(namesIn(folder).map(name => [name, statSync(join(folder, name, 'rollout.json')).mtimeMs]))
}

test('a piece that is stored is not made again, one that is damaged is, and what is missing is made in the end', async () => {
  const subject = await copyOfPrepared()
  const { stages } = subject
  const own = worker(subject.place)
  const { adapter } = await cutOf(subject, own, 1)
  const part = { from: 0, to: 3 }
  assert.deepEqual(await runStage(worker(subject.place).rollOutPieces, { run, stages, step: 1, adapter, ...part }), {
    responses: 48,
  })
  const before = timesIn(subject)
  const [damaged = ''] = before.keys()
  appendFileSync(join(subject.place.home, 'store', 'rollout-piece', damaged, 'rollout.json'), ' ')
  const { parts, answered } = await cutOf(subject, own, 1)
  assert.equal(parts.length, 2)
  assert.deepEqual(answered.of - answered.done, 16 + 8)
  await runStage(worker(subject.place).rollOutPieces, { run, stages, step: 1, adapter, ...part })
  const changed = [...timesIn(subject)].filter(([name, time]) => before.get(name) !== time)
  assert.deepEqual(
    changed.filter(([name]) => before.has(name)).map(([name]) => name),
    [damaged],
  )
  await runStage(own.trainSteps, { run, stages, from: 0, to: steps })
  assert.deepEqual(madeIn(subject), await expected())
})

test('a worker that cannot have the adapter makes nothing, and the worker of the experiment makes all', async () => {
  const subject = await copyOfPrepared()
  const { stages } = subject
  const own = worker(subject.place)
  const { adapter } = await cutOf(subject, own, 1)
  rmSync(join(subject.place.home, adapter.uri), { recursive: true })
  const part = { run, stages, step: 1, adapter, from: 0, to: 2 }
  assert.deepEqual(await runStage(worker(subject.place).rollOutPieces, part), { responses: 0 })
  assert.equal(timesIn(subject).size, 0)
  await runStage(own.trainSteps, { run, stages, from: 0, to: steps })
  assert.deepEqual(madeIn(subject), await expected())
})

test('a worker that is killed between two pieces leaves the first, and the next one makes the others', async () => {
  const subject = await copyOfPrepared()
  const { stages } = subject
  const own = worker(subject.place)
  const { adapter } = await cutOf(subject, own, 1)
  const input = { run, stages, step: 1, adapter, from: 0, to: pieceCount }
  const env = { [failPointVariable]: 'stage-output.after:2:crash' }
  const host = new EngineHost({ home: subject.place.home, env })
  try {
    await assert.rejects(runStage(host.activities().rollOutPieces, input), /EngineEnded|ended before/)
    const before = timesIn(subject)
    assert.equal(before.size, 2)
    assert.deepEqual(await runStage(host.activities().rollOutPieces, input), { responses: 56 })
    const there = timesIn(subject)
    assert.equal(there.size, pieceCount)
    for (const [name, time] of before) assert.equal(there.get(name), time)
  } finally {
    host.end()
  }
  await runStage(own.trainSteps, { run, stages, from: 0, to: steps })
  assert.deepEqual(madeIn(subject), await expected())
})

const crashes: readonly FailPointName[] = [
  'rollout.adapter',
  'journal.rollout.before',
  'journal.rollout.after',
  'outdated.aside',
  'outdated.after',
]

for (const point of crashes) {
  test(`a worker that dies at ${point} is followed by one that comes to the same bits, and leaves no piece`, async () => {
    const subject = await copyOfPrepared()
    const { stages } = subject
    const { home } = subject.place
    const host = new EngineHost({ home, env: { [failPointVariable]: `${point}:1:crash` } })
    try {
      const dying = host.activities()
      const attempt = async () => {
        const cut = await runStage(dying.rollOut, { run, stages, step: 1, spread: true })
        if ('parts' in cut) {
          for (const part of cut.parts) {
            await runStage(dying.rollOutPieces, { run, stages, step: 1, adapter: cut.adapter, ...part })
          }
        }
        await runStage(dying.rollOut, { run, stages, step: 1, spread: false })
      }
      await assert.rejects(attempt(), /EngineEnded|ended before/)
      await attempt()
      await runStage(dying.trainSteps, { run, stages, from: 0, to: 1 })
    } finally {
      host.end()
    }
    const own = worker(subject.place)
    for (let step = 2; step <= steps; step++) await trainStep(subject, { own, step, by: () => own })
    assert.deepEqual(leftIn(subject), [])
    assert.deepEqual(madeIn(subject), await expected())
  })
}
