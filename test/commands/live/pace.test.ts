import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from '../../../commands/live/pace.js'
import type { Work } from '../../../commands/plan/cost.js'
import type { ExperimentView, RunView } from '../../../commands/runs/run-view.js'

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

const sweep = (experiments: Partial<ExperimentView>[]): RunView => ({
  ...at(0),
  kind: 'sweep',
  experiments: experiments.map((parts, index) => {
    const waiting = { id: `${index}`, arm: `${index}`, seed: 1, stage: 'prepare', state: 'waiting' } as const
    return { ...waiting, step: 0, steps: 100, ...parts }
  }),
})
const work: Work = { training: 20, shared: [{ key: 'start', seconds: 60 }] }
const planned = new Map([0, 1].map(id => [`${id}`, work]))
const starting = { state: 'running', stage: 'warm start' } as const
const training = { state: 'running', stage: 'train' } as const

test('a run is estimated while it warms up: planned seconds at the pace of those that are over', () => {
  const pace = new Pace(planned)
  assert.equal(pace.estimate(sweep([starting, {}]), 0).secondsLeft, undefined)
  // 15 of 100 planned seconds in 30: half as fast as the machine that was measured.
  const view = pace.estimate(sweep([{ ...starting, warmStart: { done: 25, of: 100 } }, {}]), 30_000)
  assert.equal(view.secondsLeft, 170)
})

test('a warm start that was in the store already says nothing of the pace', () => {
  const pace = new Pace(planned)
  pace.estimate(sweep([starting, {}]), 0)
  pace.estimate(sweep([training, {}]), 1_000)
  assert.equal(pace.estimate(sweep([{ ...training, step: 50 }, {}]), 20_000).secondsLeft, 60)
})

test('an experiment that was finished before the watching began says nothing of the pace', () => {
  const pace = new Pace(planned)
  const done = { state: 'done', stage: 'done', step: 100 } as const
  pace.estimate(sweep([done, training]), 0)
  assert.equal(pace.estimate(sweep([done, { ...training, step: 50 }]), 10_000).secondsLeft, 10)
})

test('an evaluation without training is estimated by its responses', () => {
  const pace = new Pace()
  const evaluating = (done: number) => at(0, { steps: 0, stage: 'evaluate', answered: { done, of: 400 } })
  assert.equal(pace.estimate(evaluating(100), 0).experiments[0]?.secondsLeft, undefined)
  assert.equal(pace.estimate(evaluating(200), 10_000).experiments[0]?.secondsLeft, 20)
})
