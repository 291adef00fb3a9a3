/** Rollouts in pieces on real workers: two come to the weights of one, also if one of them dies in the middle of a piece. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { namesIn, sha256 } from '../../activities/store/files.js'
import { experimentPaths, runFolder, stepName } from '../../activities/store/runs/run-folder.js'
import { Store } from '../../activities/store/store.js'
import { tensorsIn } from '../pipelines/checkpoint/safetensors-bytes.js'
import { TestServices } from '../services.js'
import { AtWork, type Handle, until } from './at-work.js'
import { madeOf, sharesOf } from './made-by.js'
import { tinyConfig } from './tiny.js'

const steps = 3
/** Seconds; longer than a worker that has no pieces to make is waited for. */
const heartbeatTimeout = 8
/** Steps of 8 prompts with 64 responses each in 4 pieces. Checkpoints are not due in between. */
const config = (name: string, rollout: object = { piece: 2 }) =>
  tinyConfig(name, {
    steps,
    rollout: { prompts: 8, samples: 64, chunk: 64, ...rollout },
    update: { learningRate: 1e-2, adapter: { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj', 'down_proj'] } },
    evaluation: { every: steps },
    checkpoint: { everySteps: steps },
    durability: { heartbeatTimeout },
  })
const pieceCount = 4

let services: TestServices
let work: AtWork
before(async () => {
  services = await TestServices.start({ temporal: true, mlflow: true })
  work = new AtWork(services)
})
after(() => services?.stop())

/** What the rollouts of a run left in the store. */
const leftOf = (run: string) => {
  const store = new Store(services.path)
  const listed = ['rollout-piece', 'rollout-adapter'].flatMap(kind => store.listed<{ run: string }>(kind))
  return listed.filter(({ from }) => from.run === run)
}

/** The digest of the last weights, and those of the journaled rollouts. */
async function resultOf(handle: Handle) {
  const { weights } = await handle.result()
  assert.deepEqual(leftOf(handle.workflowId), [])
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

const piecesOfWorkers = (handle: Handle) => sharesOf(handle, 'rollOutPieces')

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

  // Each worker makes pieces of both, and stays with its experiment all the same.
  const beside = await Promise.all(['beside-1', 'beside-2'].map(name => work.start(config(name))))
  for (const handle of beside) {
    assert.deepEqual(await resultOf(handle), expected)
    const made = await madeOf(handle, 'trainSteps')
    assert.equal(new Set(made.map(({ worker }) => worker)).size, 1)
    assert.deepEqual(
      made.map(({ waitS }) => waitS),
      Array(steps).fill(heartbeatTimeout),
    )
  }

  const disturbed = await work.start(config('three'))
  await until('a piece', () => namesIn(join(services.path, 'store', 'rollout-piece')).length >= 1)
  await services.kill(second)
  assert.deepEqual(await resultOf(disturbed), expected)
})
