import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from '../../../commands/live/pace.js'
import type { ExperimentView, RunView } from '../../../commands/runs/view.js'

const at = (step: number, parts: Partial<ExperimentView> = {}): RunView => ({
  name: 'one',
  kind: 'experiment',
  state: 'running',
  experiments: [{ id: 'one', arm: 'one', seed: 1, stage: 'train', state: 'running', step, steps: 100, ...parts }],
  pages: {},
  notes: [],
})

test('the time left follows the pace since the watching began', () => {
  const pace = new Pace()
  assert.equal(pace.estimate(at(40), 0).secondsLeft, undefined)
  const view = pace.estimate(at(60), 10_000)
  assert.equal(view.secondsLeft, 20)
  assert.equal(view.experiments[0]?.secondsLeft, 20)
})

test('what an experiment says itself stands until there is a pace to go by', () => {
  const pace = new Pace()
  assert.equal(pace.estimate(at(40, { secondsLeft: 77 }), 0).experiments[0]?.secondsLeft, 77)
})

test('the warm start does not count as training steps that took long', () => {
  const pace = new Pace()
  pace.estimate(at(0, { stage: 'warm start' }), 0)
  pace.estimate(at(0), 60_000)
  assert.equal(pace.estimate(at(50), 70_000).experiments[0]?.secondsLeft, 10)
})
