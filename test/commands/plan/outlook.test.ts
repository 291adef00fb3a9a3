import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outlookOf } from '../../../commands/plan/outlook.js'
import { experimentPlan, sweepPlan } from '../plans.js'

const watch = 'bin/rlev watch exam'

test('a sweep says how many experiments, what decides, how long, and how to leave', () => {
  assert.deepEqual(outlookOf({ plan: sweepPlan('exam'), seconds: 200, watch }), [
    'exam:',
    'Runs      2 arms x 3 seeds = 6 experiments, 2 at a time; each arm is compared with correctness by expected',
    '          H-Acc, mean over the curve.',
    'Takes     About 3 min on 2 idle CPU cores. Services that do not run yet are started first, in half a minute.',
    'Ctrl-C    Leaves, and the work goes on; `bin/rlev watch exam` comes back to it.',
  ])
})

test('arms with their own baselines are compared with those', () => {
  const plan = sweepPlan('exam')
  const [first, second] = plan.arms.map(({ name }) => name)
  const settings = { ...plan.settings, baseline: first as string, versus: { other: second as string } }
  const more = ['other', 'third'].map(name => ({ ...(plan.arms[0] as (typeof plan.arms)[number]), name }))
  const lines = outlookOf({ plan: { ...plan, settings, arms: [...plan.arms, ...more] }, seconds: 200, watch })
  assert.match(lines.join(' ').replaceAll(/ +/g, ' '), /each arm is compared with its baseline/)
})

test('one experiment, one evaluation, and a policy whose size is not known', () => {
  const told = (parts: Record<string, unknown>, seconds?: number) =>
    outlookOf({ plan: experimentPlan('one', parts), seconds, watch, width: 200 })
  assert.deepEqual(told({ steps: 1, seed: 7 }, 5).slice(0, 3), [
    'one:',
    'Runs      One experiment: 1 step of rloo with seed 7.',
    'Takes     Some seconds on 2 idle CPU cores. Services that do not run yet are started first, in half a minute.',
  ])
  assert.equal(told({ steps: 0 })[1], 'Runs      One evaluation without training.')
  assert.match(told({})[2] ?? '', /^Takes {5}Not known, because the checkpoint cannot be read here; /)
})
