/** An evaluation whose pieces are divided among workers: messages in the middle of it, and pieces that fail. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AnswersInput } from '../../../activities/answers/answer-items.js'
import { pauseSignal, resumeSignal } from '../../../workflows/messages.js'
import { calls, outcomes, paused, short } from './experiment-moments.js'
import { artifact } from './mocked-activities.js'
import { experimentProgress, mocked, suite, until } from './mocked-workers.js'
import { itEndsWithItsPieces } from './piece-moments.js'

const alone = (name: string) => short(name, { steps: 0 })

/** The evaluation of this run is cut into so many parts each time it is asked for, until all were made. */
function cut(name: string, ...parts: readonly number[]): void {
  const left = [...parts]
  mocked.activities.answer(name, 'answerItems', ({ spread }: AnswersInput) => {
    const made = left.length > 1 ? left.shift() : left[0]
    const missing = made ?? 0
    return spread !== true || missing === 0
      ? artifact
      : {
          parts: Array.from({ length: missing }, (_, from) => ({ from, to: from + 1 })),
          answered: { done: 10 * ((parts[0] ?? 0) - missing), of: 10 * (parts[0] ?? 0) },
        }
  })
}

const spreadOf = (name: string) => calls(name, 'answerItems').map(({ input }) => (input as AnswersInput).spread)
const pieces = (name: string) => outcomes(name, 'answerPieces')

describe('an evaluation in pieces', suite, () => {
  it('has all of them under way at the same time, tells how many are there, and then takes them together', async () => {
    const name = 'pieces-together'
    cut(name, 3)
    const held = [0, 1, 2].map(() => mocked.activities.hold(name, 'answerPieces'))
    const handle = await mocked.startExperiment(alone(name))
    for (const { begun } of held) await begun
    assert.deepEqual((await experimentProgress(handle)).answered, { done: 0, of: 30 })
    held[1]?.answer()
    await until('the first piece', async () => (await experimentProgress(handle)).answered?.done === 10)
    assert.equal(calls(name, 'evaluateAnswers').length, 0)
    held[0]?.answer()
    held[2]?.answer()
    await handle.result()
    assert.deepEqual(spreadOf(name), [true, false])
    assert.deepEqual(pieces(name), ['answered', 'answered', 'answered'])
    assert.equal((await experimentProgress(handle)).answered, undefined)
  })

  it('that is paused in the middle ends the pieces under way, and only makes the others after resume', async () => {
    const name = 'pieces-paused'
    cut(name, 3, 2)
    const [, second] = [0, 1, 2].map(() => mocked.activities.hold(name, 'answerPieces'))
    const handle = await mocked.startExperiment(alone(name))
    await until('the pieces', () => calls(name, 'answerPieces').length === 3)
    second?.answer()
    await until('one of them', () => pieces(name).includes('answered'))
    await handle.signal(pauseSignal)
    await paused(handle)
    assert.deepEqual(pieces(name).sort(), ['answered', 'cancelled', 'cancelled'])
    assert.equal(calls(name, 'evaluateAnswers').length, 0)
    await handle.signal(resumeSignal)
    await handle.result()
    assert.deepEqual(spreadOf(name), [true, true, false])
    assert.equal(calls(name, 'answerPieces').length, 5)
  })

  itEndsWithItsPieces({
    ...{ activity: 'answerPieces', prefix: 'pieces' },
    begin(name) {
      cut(name, 3)
      return mocked.startExperiment(alone(name))
    },
  })

  it('that other workers cannot make is made by that of the experiment', async () => {
    const name = 'pieces-elsewhere'
    cut(name, 3)
    mocked.activities.answer(name, 'answerPieces', { responses: 0 })
    const handle = await mocked.startExperiment(alone(name))
    await handle.result()
    assert.deepEqual(spreadOf(name), [true, false])
    assert.equal(calls(name, 'evaluateAnswers').length, 1)
  })

  it('is divided at steps with a checkpoint only, and in training only if the config says so', async () => {
    const steps = { steps: 4, checkpoint: { everySteps: 4 } }
    const asked = short('pieces-steps', { ...steps, evaluation: { every: 2, piece: 8 } })
    await (await mocked.startExperiment(asked)).result()
    assert.deepEqual(spreadOf('pieces-steps'), [true, false, true])
    assert.equal(calls('pieces-steps', 'evaluatePolicy').length, 0)
    await (await mocked.startExperiment(short('pieces-none', { ...steps, evaluation: { every: 2 } }))).result()
    assert.equal(calls('pieces-none', 'answerItems').length, 0)
  })
})
