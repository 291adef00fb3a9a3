/** Moments that all work in pieces has: three pieces are under way, and the run is cancelled, or one of them fails. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { WorkflowFailedError } from '@temporalio/client'
import { assertCancelled, outcomes, recorded } from './experiment-moments.js'
import { type Experiment, experimentProgress, mocked, until } from './mocked-workers.js'

interface Pieces {
  /** The activity that makes a piece. */
  activity: 'answerPieces' | 'rollOutPieces'
  /** Of the names of the runs. */
  prefix: string
  /** Starts a run whose work is cut into three parts. */
  begin: (name: string) => Promise<Experiment>
}

/** For a `describe` about such work. */
export function itEndsWithItsPieces({ activity, prefix, begin }: Pieces): void {
  it('that is cancelled in the middle ends there, with every piece', async () => {
    const name = `${prefix}-cancelled`
    for (let piece = 0; piece < 3; piece++) mocked.activities.hold(name, activity)
    const handle = await begin(name)
    await until('the pieces', () => outcomes(name, activity).length === 3)
    await handle.cancel()
    await assertCancelled(handle)
    assert.deepEqual(outcomes(name, activity), ['cancelled', 'cancelled', 'cancelled'])
    assert.deepEqual(recorded(name), ['cancelled'])
  })

  it('of which a piece fails for good ends the others and fails with its error', async () => {
    const name = `${prefix}-failed`
    const held = [0, 1, 2].map(() => mocked.activities.hold(name, activity))
    const handle = await begin(name)
    for (const { begun } of held) await begun
    held[1]?.fail('the piece cannot be made')
    await assert.rejects(handle.result(), WorkflowFailedError)
    assert.equal((await experimentProgress(handle)).failure, 'the piece cannot be made')
    assert.deepEqual(outcomes(name, activity).sort(), ['cancelled', 'cancelled', 'failed'])
  })
}
