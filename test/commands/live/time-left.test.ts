import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partsOf, secondsLeft } from '../../../commands/live/time-left.js'
import type { Work } from '../../../commands/plan/cost.js'
import type { ExperimentView } from '../../../commands/runs/run-view.js'

const experiment = (id: string, parts: Partial<ExperimentView> = {}): ExperimentView => {
  return { id, arm: id, seed: 1, stage: 'train', state: 'running', step: 0, steps: 100, ...parts }
}

test('the time left is what is left at the pace between two moments', () => {
  const since = { time: 1_000, made: 10 }
  assert.equal(secondsLeft({ since, now: { time: 21_000, made: 50 }, left: 100 }), 50)
})

test('with nothing made between the moments there is no estimate, and with nothing left nothing is left', () => {
  const since = { time: 1_000, made: 10 }
  assert.equal(secondsLeft({ since, now: { time: 9_000, made: 10 }, left: 5 }), undefined)
  assert.equal(secondsLeft({ since, now: { time: 1_000, made: 12 }, left: 5 }), undefined)
  assert.equal(secondsLeft({ since, now: { time: 1_000, made: 10 }, left: 0 }), 0)
})

test('an experiment that failed half way is not open, one that waits has all of its steps before it', () => {
  const parts = partsOf([
    experiment('running', { step: 30 }),
    experiment('failed', { state: 'failed', step: 20 }),
    experiment('waiting', { state: 'waiting' }),
  ])
  assert.deepEqual(
    parts.map(({ size, made, isOpen, hasBegun }) => [size, made, isOpen, hasBegun]),
    [
      [100, 0.3, true, true],
      [100, 0.2, false, true],
      [100, 0, true, false],
    ],
  )
})

test('a warm start is one part for all arms of its seed, as far as the furthest of them is with it', () => {
  const work: Work = { training: 20, shared: [{ key: 'start', seconds: 60 }] }
  const experiments = [
    experiment('a', { stage: 'warm start', warmStart: { done: 30, of: 120 } }),
    experiment('b', { state: 'waiting', stage: 'prepare' }),
    experiment('other seed', { state: 'waiting', stage: 'prepare', seed: 2 }),
  ]
  const parts = partsOf(experiments, new Map(experiments.map(({ id }) => [id, work])))
  const starts = parts.filter(({ size }) => size === 60)
  assert.deepEqual(
    starts.map(({ made, hasBegun }) => [made, hasBegun]),
    [
      [0.25, true],
      [0, false],
    ],
  )
  assert.equal(parts.filter(({ size }) => size === 20).length, 3)
})
