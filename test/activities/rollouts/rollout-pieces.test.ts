/** Rollouts in pieces: the same bits from any number of workers, and nothing is left in the store. */
import assert from 'node:assert/strict'
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runStage } from '../driver.js'
import {
  copyOfPrepared,
  cutOf,
  disposeAll,
  expected,
  madeIn,
  run,
  steps,
  timesIn,
  train,
  trainStep,
  worker,
} from './in-pieces.js'

after(disposeAll)

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
