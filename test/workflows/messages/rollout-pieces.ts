/** A rollout whose pieces are divided among workers: messages in the middle of it, and pieces that fail. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RollOutInput } from '../../../activities/roll-out.js'
import { pauseSignal, resumeSignal } from '../../../workflows/messages.js'
import { assertDone, calls, outcomes, paused, short } from './experiment-moments.js'
import { artifact } from './mocked-activities.js'
import { experimentProgress, mocked, suite, until } from './mocked-workers.js'
import { itEndsWithItsPieces } from './piece-moments.js'

/** Two steps, whose rollouts are in pieces. */
const inPieces = (name: string, durability: object = {}) =>
  short(name, {
    rollout: { piece: 1 },
    update: { adapter: { rank: 2, alpha: 4, targets: ['q_proj'] } },
    durability: { stepsPerActivity: 2, heartbeatTimeout: 60, ...durability },
  })

/** The rollout of each step of this run is cut into so many parts until all were made. */
function cut(name: string, parts: number): void {
  mocked.activities.answer(name, 'rollOut', ({ spread }: RollOutInput) => {
    if (spread !== true) return { responses: 10 * parts, tokens: 100 }
    const made = Array.from({ length: parts }, (_, from) => ({ from, to: from + 1 }))
    return { parts: made, answered: { done: 0, of: 10 * parts }, adapter: artifact }
  })
}

const asked = (name: string) =>
  calls(name, 'rollOut').map(({ input }) => [(input as RollOutInput).step, (input as RollOutInput).spread])
const pieces = (name: string) => outcomes(name, 'rollOutPieces')

describe('a rollout in pieces', suite, () => {
  it('has all of them under way at the same time, tells how many are there, and then the step goes on', async () => {
    const name = 'rollout-together'
    cut(name, 3)
    const held = [0, 1, 2].map(() => mocked.activities.hold(name, 'rollOutPieces'))
    const handle = await mocked.startExperiment(inPieces(name))
    for (const { begun } of held) await begun
    assert.deepEqual((await experimentProgress(handle)).answered, { done: 0, of: 30 })
    held[1]?.answer()
    await until('the first piece', async () => (await experimentProgress(handle)).answered?.done === 10)
    assert.deepEqual([asked(name).length, calls(name, 'trainSteps').length], [1, 0])
    held[0]?.answer()
    held[2]?.answer()
    await assertDone(handle)
    assert.deepEqual(asked(name), [
      [1, true],
      [1, false],
      [2, true],
      [2, false],
    ])
    assert.equal(pieces(name).length, 6)
    const steps = calls(name, 'trainSteps').map(({ input }) => input as { from: number; to: number })
    assert.deepEqual(
      steps.map(({ from, to }) => [from, to]),
      [
        [0, 1],
        [1, 2],
      ],
    )
    assert.equal((await experimentProgress(handle)).answered, undefined)
  })

  it('is followed by rewards and update as separate activities where the config has them so', async () => {
    const name = 'rollout-apart'
    cut(name, 2)
    await assertDone(await mocked.startExperiment(inPieces(name, { separateStages: true })))
    const { policyCalls } = mocked.activities
    const names = policyCalls
      .call(mocked.activities, name)
      .filter(call => call !== 'evaluatePolicy' && call !== 'warmStart')
    const step = ['rollOut', 'rollOutPieces', 'rollOutPieces', 'rollOut', 'updatePolicy']
    assert.deepEqual(names, [...step, ...step])
    assert.equal(calls(name, 'scaleRewards').length, 2)
  })

  it('that is paused in the middle ends the pieces under way, and goes on after resume', async () => {
    const name = 'rollout-paused'
    cut(name, 3)
    const [, second] = [0, 1, 2].map(() => mocked.activities.hold(name, 'rollOutPieces'))
    const handle = await mocked.startExperiment(inPieces(name))
    await until('the pieces', () => pieces(name).length === 3)
    second?.answer()
    await until('one of them', () => pieces(name).includes('answered'))
    await handle.signal(pauseSignal)
    await paused(handle)
    assert.deepEqual(pieces(name).sort(), ['answered', 'cancelled', 'cancelled'])
    assert.equal(calls(name, 'trainSteps').length, 0)
    await handle.signal(resumeSignal)
    await assertDone(handle)
    assert.deepEqual(asked(name).slice(0, 3), [
      [1, true],
      [1, true],
      [1, false],
    ])
  })

  itEndsWithItsPieces({
    ...{ activity: 'rollOutPieces', prefix: 'rollout' },
    begin(name) {
      cut(name, 3)
      return mocked.startExperiment(inPieces(name))
    },
  })

  it('is whole without the option', async () => {
    const name = 'rollout-whole'
    await assertDone(await mocked.startExperiment(short(name)))
    assert.deepEqual([calls(name, 'rollOut').length, calls(name, 'trainSteps').length], [0, 1])
  })
})
