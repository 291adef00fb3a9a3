import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sideBySide } from '../../commands/compare.js'
import type { ExperimentOutcome } from '../../pipelines/comparison/outcome.js'
import type { Plan } from '../../pipelines/config/schema.js'
import { experimentPlan, sweepPlan } from './plans.js'

function outcome(plan: Plan, arm: string, seed: number): ExperimentOutcome {
  const config = plan.kind === 'experiment' ? plan.config : plan.arms.find(({ name }) => name === arm)?.config
  assert.ok(config !== undefined)
  return { name: plan.name, arm, seed, config, evaluations: [], metrics: [], valueStatistics: null, state: 'running' }
}

test('several runs become arms of one comparison, the first one the baseline, seeds of all of them', () => {
  const named = sweepPlan('exam')
  const sweep = { ...named, settings: { ...named.settings, smallestGain: 2 } }
  const single = experimentPlan('sgd', { seed: 9 })
  const { plan, outcomes } = sideBySide([
    { plan: single, outcomes: [outcome(single, 'sgd', 9)] },
    { plan: sweep, outcomes: [outcome(sweep, 'correctness', 1), outcome(sweep, 'human-aligned', 2)] },
  ])
  assert.deepEqual(
    plan.arms.map(({ name }) => name),
    ['sgd', 'exam/correctness', 'exam/human-aligned'],
  )
  assert.equal(plan.settings.baseline, 'sgd')
  assert.deepEqual(plan.settings.seeds, [1, 2, 9])
  assert.equal(plan.settings.smallestGain, 2)
  assert.deepEqual(
    outcomes.map(({ arm, seed }) => [arm, seed]),
    [
      ['sgd', 9],
      ['exam/correctness', 1],
      ['exam/human-aligned', 2],
    ],
  )
})

test('runs that were tested on other items are not compared', () => {
  const [one, other] = [experimentPlan('one'), experimentPlan('other', { data: { source: 'synthetic', exam: 'nc' } })]
  assert.throws(
    () => sideBySide([one, other].map(plan => ({ plan, outcomes: [] }))),
    /one and other were not evaluated on the same test items\n {2}expected: exam v7 .*\n {2}found: {4}exam nc /,
  )
})

test('without samples the endpoint of runs side by side is greedy', () => {
  const part = (plan: Plan) => ({ plan, outcomes: [] })
  const greedy = experimentPlan('greedy', { evaluation: { samples: 0 } })
  assert.equal(sideBySide([greedy, experimentPlan('one')].map(part)).plan.settings.endpoint, 'h-acc-curve')
  assert.equal(sideBySide([experimentPlan('one')].map(part)).plan.settings.endpoint, 'expected-h-acc-curve')
})
