/** Rollouts in pieces whose worker dies: the bits of an undisturbed run, and nothing is left in the store. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { EngineHost } from '../../../activities/engine-process/engine-host.js'
import { failPointVariable } from '../../../activities/fail-points/fail-point.js'
import type { FailPointName } from '../../../activities/fail-points/names.js'
import { runStage } from '../driver.js'
import {
  copyOfPrepared,
  cutOf,
  disposeAll,
  expected,
  leftIn,
  madeIn,
  pieceCount,
  run,
  steps,
  timesIn,
  trainStep,
  worker,
} from './in-pieces.js'

after(disposeAll)

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

/** The drill of fail points has the others. */
const crashes: readonly FailPointName[] = ['rollout.adapter', 'journal.rollout.after', 'outdated.aside']

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
