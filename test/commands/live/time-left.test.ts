import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secondsLeft, stepsOf } from '../../../commands/live/time-left.js'
import type { ExperimentView } from '../../../commands/runs/view.js'

test('the time left is the steps left at the pace between two moments', () => {
  const since = { time: 1_000, step: 10 }
  assert.equal(secondsLeft({ since, now: { time: 21_000, step: 50 }, stepsLeft: 100 }), 50)
})

test('without a step between the moments there is no estimate, and with no step left nothing is left', () => {
  const since = { time: 1_000, step: 10 }
  assert.equal(secondsLeft({ since, now: { time: 9_000, step: 10 }, stepsLeft: 5 }), undefined)
  assert.equal(secondsLeft({ since, now: { time: 1_000, step: 12 }, stepsLeft: 5 }), undefined)
  assert.equal(secondsLeft({ since, now: { time: 1_000, step: 10 }, stepsLeft: 0 }), 0)
})

test('an experiment that failed half way has no steps left, one that waits has all of them', () => {
  const experiment = (state: ExperimentView['state'], step: number): ExperimentView => {
    return { id: state, arm: state, seed: 1, stage: 'train', state, step, steps: 100 }
  }
  const experiments = [experiment('running', 30), experiment('failed', 20), experiment('waiting', 0)]
  assert.deepEqual(stepsOf(experiments), { made: 50, left: 170 })
})
