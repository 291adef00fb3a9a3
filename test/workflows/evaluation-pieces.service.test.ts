/** An evaluation in pieces on real workers: two give the bytes of one, also if one of them dies in the middle. */
import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { namesIn, sha256 } from '../../activities/store/files.js'
import { readEvaluations } from '../../activities/store/runs/runs.js'
import { TestServices } from '../services.js'
import { AtWork, type Handle, until } from './at-work.js'
import { sharesOf } from './made-by.js'
import { tinyConfig } from './tiny.js'

/** 32 items with 64 responses each in 16 pieces of two items. */
const config = (name: string) =>
  tinyConfig(name, {
    steps: 0,
    evaluation: { samples: 63, chunk: 32, piece: 128 },
    durability: { heartbeatTimeout: 3 },
  })
const pieceCount = 16

let services: TestServices
let work: AtWork
before(async () => {
  services = await TestServices.start({ temporal: true, mlflow: true })
  work = new AtWork(services)
})
after(() => services?.stop())

const answers = () => join(services.path, 'store', 'answers')

/** Digests of the pieces by name, and the evaluation. Forgets the pieces: another run would take them. */
function takeResult(name: string) {
  const pieces = namesIn(answers()).map(piece => [piece, sha256(readFileSync(join(answers(), piece, 'answers.json')))])
  for (const kind of ['answers', 'all-answers']) rmSync(join(services.path, 'store', kind), { recursive: true })
  return { pieces: pieces.sort(), evaluation: readEvaluations(services.path, name)[0]?.evaluation }
}

const piecesOfWorkers = (handle: Handle) => sharesOf(handle, 'answerPieces')

test('two workers give the bytes of one, and those of a run in which one of them was killed', {
  timeout: 240_000,
}, async () => {
  await Promise.all([services.startWorker('orchestrator'), services.startWorker('policy')])
  const first = await work.start(config('one'))
  await first.result()
  assert.deepEqual(await piecesOfWorkers(first), [pieceCount])
  const expected = takeResult('one')
  assert.equal(expected.pieces.length, pieceCount)

  const second = await services.startWorker('policy-2')
  // It asks the engine's queue when its TensorFlow is loaded, which may come after the first of these evaluations.
  let shares: number[] = []
  for (let round = 1; round <= 5 && shares.length < 2; round++) {
    const shared = await work.start(config(`two-${round}`))
    await shared.result()
    shares = await piecesOfWorkers(shared)
    assert.deepEqual(takeResult(`two-${round}`), expected)
  }
  assert.equal(shares.length, 2, `pieces of each worker: ${shares}`)

  const disturbed = await work.start(config('three'))
  await until('some pieces', () => namesIn(answers()).length >= 3)
  await services.kill(second)
  await disturbed.result()
  assert.deepEqual(takeResult('three'), expected)
})
