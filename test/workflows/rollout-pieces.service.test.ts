/** Rollouts in pieces on real workers: two come to the weights of one, also if one of them dies in the middle of a piece. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { namesIn, sha256 } from '../../activities/store/files.js'
import { experimentPaths, runFolder, stepName } from '../../activities/store/runs/run-folder.js'
import { tensorsIn } from '../pipelines/checkpoint/safetensors-bytes.js'
import { TestServices } from '../services.js'
import { AtWork, type Handle, until } from './at-work.js'
import { tinyConfig } from './tiny.js'

const steps = 3
/** Steps of 8 prompts with 64 responses each in 4 pieces. Checkpoints are not due in between. */
const config = (name: string, rollout: object = { piece: 2 }) =>
  tinyConfig(name, {
    steps,
    rollout: { prompts: 8, samples: 64, chunk: 64, ...rollout },
    update: { learningRate: 1e-2, adapter: { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj', 'down_proj'] } },
    evaluation: { every: steps },
    checkpoint: { everySteps: steps },
    durability: { heartbeatTimeout: 3 },
  })
const pieceCount = 4

let services: TestServices
let work: AtWork
before(async () => {
  services = await TestServices.start({ temporal: true, mlflow: true })
  work = new AtWork(services)
})
after(() => services?.stop())

const left = () => ['rollout-piece', 'rollout-adapter'].flatMap(kind => namesIn(join(services.path, 'store', kind)))

/** The digest of the last weights, and those of the journaled rollouts. */
async function resultOf(handle: Handle) {
  const { weights } = await handle.result()
  assert.deepEqual(left(), [])
  const folder = join(runFolder(services.path, handle.workflowId), 'rollouts')
  const rollouts = namesIn(folder).map(name => sha256(readFileSync(join(folder, name))))
  assert.equal(rollouts.length, steps)
  return { weights, rollouts }
}

/** The numbers of the last adapter. */
async function adapterOf(name: string): Promise<number[]> {
  const folder = join(experimentPaths.checkpoints(runFolder(services.path, name)), stepName(steps))
  const tensors = await tensorsIn(join(folder, 'adapter_model.safetensors'))
  return [...tensors.values()].flatMap(({ values }) => [...values])
}

/** How many pieces each worker made, the fewest first. */
async function piecesOfWorkers(handle: Handle): Promise<number[]> {
  const { events = [] } = await handle.fetchHistory()
  const counts = new Map<string, number>()
  for (const { activityTaskCompletedEventAttributes: completed } of events ?? []) {
    const scheduled = events?.[Number(completed?.scheduledEventId ?? 0) - 1]?.activityTaskScheduledEventAttributes
    if (scheduled?.activityType?.name !== 'rollOutPieces') continue
    const worker = completed?.identity ?? ''
    counts.set(worker, (counts.get(worker) ?? 0) + 1)
  }
  return [...counts.values()].sort((a, b) => a - b)
}

test('two workers come to the weights of one, and to those of a run in which one of them was killed', {
  timeout: 300_000,
}, async () => {
  await Promise.all([services.startWorker('orchestrator'), services.startWorker('policy')])
  const first = await work.start(config('one'))
  const expected = await resultOf(first)
  assert.deepEqual(await piecesOfWorkers(first), [steps * pieceCount])

  // Other responses are decoded together in a piece than in the whole, so numbers differ by rounding.
  await (await work.start(config('whole', {}))).result()
  const [inPieces, whole] = [await adapterOf('one'), await adapterOf('whole')]
  assert.ok(inPieces.some(number => number !== 0))
  const farthest = Math.max(...inPieces.map((number, index) => Math.abs(number - (whole[index] as number))))
  assert.ok(farthest < 1e-4, `adapters in pieces and whole are ${farthest} apart`)

  const second = await services.startWorker('policy-2')
  // It asks the engine's queue when its TensorFlow is loaded, which may come after the first of these runs.
  let shares: number[] = []
  for (let round = 1; round <= 5 && shares.length < 2; round++) {
    const shared = await work.start(config(`two-${round}`))
    assert.deepEqual(await resultOf(shared), expected)
    shares = await piecesOfWorkers(shared)
  }
  assert.equal(shares.length, 2, `pieces of each worker: ${shares}`)

  const disturbed = await work.start(config('three'))
  await until('a piece', () => namesIn(join(services.path, 'store', 'rollout-piece')).length >= 1)
  await services.kill(second)
  assert.deepEqual(await resultOf(disturbed), expected)
})
