/** When an alarm is raised and when not, from figures. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alarmLines } from '../../../pipelines/evaluation/alarm-lines.js'
import { alarmsOf, type Observed } from '../../../pipelines/evaluation/alarms.js'
import { StepTally } from '../../../pipelines/evaluation/step-tally.js'
import { tinyConfig } from '../../workflows/tiny.js'

const healthy = {
  'update/skipped': 0,
  'groups/degenerate': 0.5,
  'rollout/finished': 1,
  'verdict/correct': 0.3,
  'verdict/unscored': 0,
}

/** `steps` steps with these figures, the first `same` of them; the others are healthy. */
function observed(
  steps: number,
  same: number,
  values: Partial<typeof healthy>,
  parts: Partial<Observed> = {},
): Observed {
  const tally = new StepTally()
  for (let step = 0; step < steps; step++) tally.add({ values: { ...healthy, ...(step < same ? values : {}) } })
  return { config: tinyConfig('alarms'), tally, done: true, unchanged: false, ...parts }
}

const kinds = (one: Observed) => alarmsOf(one).map(({ kind }) => kind)

test('more than nine in ten raise an alarm, nine in ten do not', () => {
  for (const [values, kind] of [
    [{ 'update/skipped': 1 }, 'skipped-steps'],
    [{ 'rollout/finished': 0 }, 'cut-responses'],
  ] as const) {
    assert.deepEqual(kinds(observed(100, 90, values)), [])
    assert.deepEqual(kinds(observed(100, 91, values)), [kind])
  }
  assert.deepEqual(kinds(observed(20, 20, { 'groups/degenerate': 0.9 })), [])
  assert.deepEqual(kinds(observed(20, 20, { 'groups/degenerate': 0.95 })), ['degenerate-groups'])
})

test('of fewer than ten steps nothing is said while training goes on', () => {
  const skipped = { 'update/skipped': 1 }
  assert.deepEqual(kinds(observed(9, 9, skipped, { done: false })), [])
  assert.deepEqual(kinds(observed(10, 10, skipped, { done: false })), ['skipped-steps'])
  assert.deepEqual(kinds(observed(2, 2, skipped)), ['same-weights', 'skipped-steps'])
})

test('reinforce++ compares the responses of a whole step: groups without a difference are no alarm', () => {
  const config = {
    ...tinyConfig('alarms'),
    estimator: { ...tinyConfig('alarms').estimator, name: 'reinforce++' as const },
  }
  assert.deepEqual(kinds(observed(20, 20, { 'groups/degenerate': 1 })), ['degenerate-groups'])
  assert.deepEqual(kinds(observed(20, 20, { 'groups/degenerate': 1 }, { config })), [])
})

test('equal weights are told once training is done, and not of an evaluation', () => {
  const same = { unchanged: true }
  assert.deepEqual(kinds(observed(20, 0, {}, same)), ['same-weights'])
  assert.deepEqual(kinds(observed(20, 0, {}, { ...same, done: false })), [])
  assert.deepEqual(kinds(observed(0, 0, {}, same)), [])
})

test('what to do follows from what the responses were', () => {
  const remedy = (values: Partial<typeof healthy>) =>
    alarmsOf(observed(20, 20, { 'update/skipped': 1, ...values }))[0]?.remedy
  assert.match(remedy({ 'rollout/finished': 0, 'verdict/correct': 0 }) ?? '', /^Raise rollout\.maxTokens/)
  assert.match(remedy({ 'verdict/correct': 0, 'verdict/unscored': 1 }) ?? '', /no verdict: look at reward\.verifier/)
  assert.match(remedy({ 'verdict/correct': 0 }) ?? '', /^0\.0% of the responses were correct: .* `rlev score`/)
  assert.match(remedy({ 'verdict/correct': 1 }) ?? '', /^100\.0% .* take harder items/)
  assert.match(remedy({ 'verdict/correct': 0.5 }) ?? '', /rollout\.samples/)
})

test('an evaluation whose responses are cut is an alarm by itself; one that does not say has no alarm', () => {
  const columns = { acc: 0, hAcc: 0, length: 8, valueDensity: 0, accHigh: 0, accLow: 0 }
  const evaluation = (cut?: number) => ({
    step: 5,
    greedy: columns,
    expected: cut === undefined ? columns : { ...columns, cut },
  })
  assert.deepEqual(kinds(observed(0, 0, {}, { evaluation: evaluation(0.95) })), ['cut-evaluation'])
  assert.deepEqual(kinds(observed(0, 0, {}, { evaluation: evaluation(0.9) })), [])
  assert.deepEqual(kinds(observed(0, 0, {}, { evaluation: evaluation() })), [])
})

test('the seeds of an arm with alarms of the same kinds share a line, which has the highest figures and each remedy once', () => {
  const alarms = (skipped: number, parts: Partial<Observed> = {}) =>
    alarmsOf(observed(20, skipped, { 'update/skipped': 1, 'groups/degenerate': 1 }, parts))
  const lines = alarmLines(
    [
      { arm: 'a', seed: 2, alarms: alarms(19) },
      { arm: 'a', seed: 1, alarms: alarms(20, { done: false }) },
      { arm: 'a', seed: 3, alarms: alarms(20) },
      { arm: 'b', seed: 1, alarms: [] },
    ],
    { sweep: true },
  )
  assert.equal(lines.length, 2)
  const [both = '', done = ''] = lines
  assert.match(both, /^a, seeds 1, 2: 20 of 20 steps changed nothing.* In 100\.0% of the groups/)
  assert.match(done, /^a, seed 3: The weights after 20 steps/)
  assert.equal(both.split('Raise rollout.samples').length, 2, 'the remedy stands once')
})
