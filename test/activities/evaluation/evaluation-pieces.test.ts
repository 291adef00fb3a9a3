/** An evaluation in pieces: the same bytes from any number of workers, and what is stored is not made again. */
import assert from 'node:assert/strict'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { EngineHost } from '../../../activities/engine-process/engine-host.js'
import { failPointVariable } from '../../../activities/fail-points/fail-point.js'
import { gpuActivities } from '../../../activities/gpu-activities.js'
import { ioActivities } from '../../../activities/io-activities.js'
import { type Part, partsOf } from '../../../activities/pieces/divided.js'
import { namesIn, sha256 } from '../../../activities/store/files.js'
import { experimentPaths, runFolder, stepName } from '../../../activities/store/runs/run-folder.js'
import { PolicyCache } from '../../../activities/training/policy-cache.js'
import type { StageOutputs } from '../../../activities/training/training.js'
import { type Workplace, workplace } from '../../../activities/workplace.js'
import { tinyConfig } from '../../workflows/tiny.js'
import { answersBy, prepare, runStage } from '../driver.js'

/** 32 items with 8 responses each: 4 pieces of 8 items. Steps 0 and 3 are evaluated, and 3 has a checkpoint. */
const config = tinyConfig('pieces', {
  steps: 3,
  evaluation: { every: 3, samples: 7, chunk: 32, piece: 64 },
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

/** The same time everywhere: an evaluation holds it. */
const at = (home: string): Workplace => ({ ...workplace(home), now: () => 1e12 })

/** Trained to its last step, and not evaluated. */
let trained: { place: Workplace; stages: StageOutputs } | undefined
async function copyOfTrained(): Promise<{ place: Workplace; stages: StageOutputs }> {
  if (trained === undefined) {
    const place = at(newHome())
    const stages = await prepare(place, config)
    await runStage(worker(place).trainSteps, { run, stages, from: 0, to: steps })
    trained = { place, stages }
  }
  const place = at(newHome())
  cpSync(trained.place.home, place.home, { recursive: true })
  return { place, stages: trained.stages }
}

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'rlev-pieces-'))
  homes.push(home)
  return home
}

/** A policy worker that has just come up. */
function worker(place: Workplace) {
  const policies = new PolicyCache(place.store)
  open.push(policies)
  return gpuActivities(place, policies)
}

type Worker = ReturnType<typeof worker>

interface Subject {
  place: Workplace
  stages: StageOutputs
}

/** Both evaluations, each by `make`. */
async function evaluate(
  { place, stages }: Subject,
  own: Worker,
  make: (parts: readonly Part[], step: number) => Promise<void>,
) {
  for (const step of [0, steps]) {
    const input = { run, stages, step }
    const cut = await runStage(own.answerItems, { ...input, spread: true })
    assert.ok('parts' in cut)
    assert.deepEqual(cut.answered, { done: 0, of: 256 })
    await make(cut.parts, step)
    const answers = await answersBy(own, input)
    await runStage(ioActivities(place).evaluateAnswers, { ...input, answers })
  }
}

/** Digests of the pieces, of their lists and of the evaluations, by path. */
function madeIn({ home }: Workplace): Record<string, string> {
  const below = (folder: string): string[] =>
    namesIn(join(home, folder)).flatMap(name =>
      statSync(join(home, folder, name)).isDirectory() ? below(join(folder, name)) : [join(folder, name)],
    )
  const paths = ['store/answers', 'store/all-answers', `runs/${run}/evaluations`].flatMap(below)
  return Object.fromEntries(paths.sort().map(path => [path, sha256(readFileSync(join(home, path)))]))
}

test('one, two and three workers, in whatever order, make the same bytes as the experiment’s worker alone', async () => {
  const byItself = await copyOfTrained()
  const alone = worker(byItself.place)
  for (const step of [0, steps]) {
    const input = { run, stages: byItself.stages, step }
    const answers = await answersBy(alone, input)
    await runStage(ioActivities(byItself.place).evaluateAnswers, { ...input, answers })
  }
  const expected = madeIn(byItself.place)
  assert.equal(Object.keys(expected).filter(path => path.endsWith('answers.json')).length, 2 * pieceCount)
  assert.equal(Object.keys(expected).filter(path => path.startsWith('runs')).length, 4)

  for (const workers of [1, 2, 3]) {
    const subject = await copyOfTrained()
    const made = Array.from({ length: workers }, () => worker(subject.place))
    const [own] = made
    assert.ok(own)
    let turn = 0
    await evaluate(subject, own, async (parts, step) => {
      assert.equal(parts.length, pieceCount)
      for (const part of workers === 2 ? [...parts].reverse() : parts) {
        const by: Worker = made[turn++ % workers] ?? own
        const { responses } = await runStage(by.answerPieces, { run, stages: subject.stages, step, ...part })
        assert.equal(responses, 64)
      }
    })
    assert.deepEqual(madeIn(subject.place), expected, `${workers} workers`)
  }
})

test('a piece that is damaged is made again, and no other', async () => {
  const { place, stages } = await copyOfTrained()
  const own = worker(place)
  const input = { run, stages, step: steps }
  const first = await runStage(own.answerItems, input)
  const folder = join(place.home, 'store', 'answers')
  const names = namesIn(folder)
  const times = () => names.map(name => statSync(join(folder, name, 'answers.json')).mtimeMs)
  const before = times()
  appendFileSync(join(folder, names[2] ?? '', 'answers.json'), ' ')
  assert.deepEqual(await runStage(own.answerItems, { ...input, spread: true }), first)
  assert.deepEqual(
    times().map((time, index) => time === before[index]),
    [true, true, false, true],
  )
})

test('a worker that cannot have the policy of a step makes none of its pieces, and the worker of the experiment makes them', async () => {
  const { place, stages } = await copyOfTrained()
  const input = { run, stages, step: steps }
  rmSync(join(experimentPaths.checkpoints(runFolder(place.home, run)), stepName(steps)), { recursive: true })
  assert.deepEqual(await runStage(worker(place).answerPieces, { ...input, from: 0, to: 2 }), { responses: 0 })
  assert.deepEqual(namesIn(join(place.home, 'store', 'answers')), [])
  await answersBy(worker(place), input)
  assert.equal(namesIn(join(place.home, 'store', 'answers')).length, pieceCount)
})

test('a worker that is killed between two pieces leaves the first, and the next one makes the others', async () => {
  const { place, stages } = await copyOfTrained()
  const input = { run, stages, step: steps, from: 0, to: pieceCount }
  const folder = join(place.home, 'store', 'answers')
  const host = new EngineHost({ home: place.home, env: { [failPointVariable]: 'stage-output.after:2:crash' } })
  try {
    await assert.rejects(runStage(host.activities().answerPieces, input), /EngineEnded|ended before/)
    const left = namesIn(folder)
    assert.equal(left.length, 2)
    const times = () => left.map(name => statSync(join(folder, name, 'answers.json')).mtimeMs)
    const before = times()
    assert.deepEqual(await runStage(host.activities().answerPieces, input), { responses: 256 })
    assert.equal(namesIn(folder).length, pieceCount)
    assert.deepEqual(times(), before)
  } finally {
    host.end()
  }
})

test('pieces of the default size are divided if the policy is large and has one thread', async () => {
  const place = at(newHome())
  const own = tinyConfig('undivided', { steps: 0, evaluation: { samples: 63 } })
  const stages = await prepare(place, own)
  const { answerItems } = worker(place)
  const input = { run: own.name, step: 0, spread: true }
  const large = { ...stages, start: { ...stages.start, bytes: 2 ** 29 } }
  const cut = await runStage(answerItems, { ...input, stages: large })
  assert.deepEqual(cut, {
    parts: [
      { from: 0, to: 1 },
      { from: 1, to: 2 },
    ],
    answered: { done: 0, of: 2048 },
  })
  const threads = tinyConfig('threads', { ...own, name: 'threads', engine: { ...own.engine, threads: 2 } } as never)
  await prepare(place, threads)
  assert.ok(!('parts' in (await runStage(answerItems, { ...input, run: threads.name, stages: large }))))
  assert.ok(!('parts' in (await runStage(answerItems, { ...input, stages }))))
  // All are there now.
  assert.ok(!('parts' in (await runStage(answerItems, { ...input, stages: large }))))
})

test('missing pieces are divided into parts of neighbours', () => {
  assert.deepEqual(partsOf([0, 2, 3, 4, 9], 2), [
    { from: 0, to: 1 },
    { from: 2, to: 4 },
    { from: 4, to: 5 },
    { from: 9, to: 10 },
  ])
})
