/** When the points of an experiment are sent to MLflow: not after each step if steps are short, and none twice or never. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { calls, short } from './experiment-moments.js'
import { type Experiment, mocked, suite, until } from './mocked-workers.js'

const steps = 12

interface Sent {
  from: number
  to: number
}

/** When each call was scheduled. (ms since 1970) */
async function timesOfSending(handle: Experiment): Promise<number[]> {
  const { events } = await handle.fetchHistory()
  return (events ?? []).flatMap(({ eventTime, activityTaskScheduledEventAttributes: scheduled }) =>
    scheduled?.activityType?.name === 'trackProgress'
      ? [1000 * Number(eventTime?.seconds) + Number(eventTime?.nanos) / 1e6]
      : [],
  )
}

describe('points of an experiment', suite, () => {
  it('are sent at most every five seconds, each once, and the rest when it ends', async () => {
    const id = 'points'
    // Each hold is there before the call that it is for: the steps of a test take no time.
    const first = mocked.activities.hold(id, 'trainSteps')
    const handle = await mocked.startExperiment(
      short(id, {
        steps,
        evaluation: { every: steps },
        checkpoint: { everySteps: steps },
        durability: { stepsPerActivity: 1, separateStages: false, heartbeatTimeout: 60 },
      }),
    )
    await first.begun
    const held = mocked.activities.hold(id, 'trainSteps')
    first.answer()
    await held.begun
    await until('the first points', () => calls(id, 'trackProgress').length > 0)
    const before = calls(id, 'trackProgress').length
    await sleep(5_500)
    // Time alone asks for nothing: the steps that came meanwhile do.
    assert.equal(calls(id, 'trackProgress').length, before)
    held.answer()
    assert.equal((await handle.result()).step, steps)
    assert.equal(calls(id, 'trainSteps').length, steps)

    const sent = calls(id, 'trackProgress').map(({ input }) => input as Sent)
    assert.deepEqual(
      sent.map(({ from }) => from),
      [-1, ...sent.slice(0, -1).map(({ to }) => to)],
    )
    const [closed] = calls(id, 'closeTracking').map(({ input }) => input as { trackedStep: number })
    assert.equal(closed?.trackedStep, sent.at(-1)?.to)
    // The last one does not wait: the experiment ends.
    const times = (await timesOfSending(handle)).slice(0, -1)
    const waits = times.slice(1).map((time, index) => time - (times[index] as number))
    // The workflow's clock stands still in a task, which is scheduled a little later than it says.
    assert.ok(sent.length < steps / 2, `${sent.length} calls for ${steps} steps`)
    assert.ok(waits.length > 0 && Math.min(...waits) > 4_900, `${waits}`)
  })
})
