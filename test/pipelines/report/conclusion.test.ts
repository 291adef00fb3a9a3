import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareArms } from '../../../pipelines/comparison/compare-arms.js'
import type { ExperimentOutcome } from '../../../pipelines/comparison/outcome.js'
import type { Plan, SweepPlan, SweepSettings } from '../../../pipelines/config/schema.js'
import { conclude } from '../../../pipelines/report/conclusion/conclude.js'
import { type ArmEffect, constructedOutcome, constructedPlan, fourArms } from '../comparison/constructed.js'

const command = (...words: string[]) => ['bin/rlev', ...words].join(' ')

/** With a placebo that takes the very steps of its baseline. */
const exactPlacebo = fourArms.map(arm => (arm.name === 'uniform' ? { ...arm, effect: 0 } : arm))

function linesOf(plan: Plan, outcomes: readonly ExperimentOutcome[]): string[] {
  return Object.values(conclude({ plan, comparison: compareArms({ plan, outcomes }), command }))
}

function sweep({
  seeds,
  arms = exactPlacebo,
  settings = {},
}: {
  seeds: number[]
  arms?: ArmEffect[]
  settings?: Partial<SweepSettings>
}): { plan: SweepPlan; outcomes: ExperimentOutcome[] } {
  const made = constructedPlan(seeds, arms)
  const plan: SweepPlan = {
    ...made,
    settings: { ...made.settings, ...settings },
    arms: made.arms.map(({ name, config }) => ({
      name,
      config: name === 'shuffled' ? { ...config, value: { ...config.value, ablation: 'shuffled' } } : config,
    })),
  }
  return { plan, outcomes: arms.flatMap(arm => seeds.map(seed => constructedOutcome(plan, arm, seed))) }
}

/** Endpoints of an arm moved, seed by seed. (points) */
function shifted(outcomes: readonly ExperimentOutcome[], arm: string, points: Record<number, number>) {
  return outcomes.map(outcome =>
    outcome.arm !== arm
      ? outcome
      : {
          ...outcome,
          evaluations: outcome.evaluations.map((evaluation, index) => ({
            ...evaluation,
            expected: {
              ...evaluation.expected,
              hAcc: evaluation.expected.hAcc + (index === 0 ? 0 : (points[outcome.seed] ?? 0) / 100),
            },
          })),
        },
  )
}

test('a gain that is supported, with controls that show none', () => {
  const { plan, outcomes } = sweep({ seeds: [1, 2, 3, 4, 5] })
  assert.deepEqual(linesOf(plan, outcomes), [
    'Does rewarding correct answers by their value (human-aligned) raise H-Acc, accuracy weighted by value, above rewarding all alike (correctness)?',
    'In expected H-Acc, mean over the curve, human-aligned minus correctness is +6.0 ± 1.0 points (95% interval over 5 paired seeds).',
    'A gain of human-aligned is supported: the interval lies above 0, and p (Holm) is below 0.001.',
    'The controls show no gain, as expected: shuffled (values permuted) -1.0 ± 0.2, uniform (placebo) 0.0 ± 0.0 points.',
    'Read the report below, or `bin/rlev compare study` for every table; for your own arms, copy the config, change its arms and check it with `rlev plan`.',
  ])
})

test('an effect that seeds leave undecided names how many would decide it', () => {
  const { plan, outcomes } = sweep({ seeds: [1, 2, 3] })
  assert.deepEqual(linesOf(plan, shifted(outcomes, 'human-aligned', { 1: -5, 2: 4 })), [
    'Does rewarding correct answers by their value (human-aligned) raise H-Acc, accuracy weighted by value, above rewarding all alike (correctness)?',
    'In expected H-Acc, mean over the curve, human-aligned minus correctness is +5.7 ± 12.7 points (95% interval over 3 paired seeds).',
    'A gain of human-aligned is undecided: the interval includes 0.',
    'The controls show no gain, as expected: shuffled (values permuted) -1.0 ± 0.4, uniform (placebo) 0.0 ± 0.0 points.',
    'Read the report below, or `bin/rlev compare study` for every table; about 9 seeds would decide differences as large as these: put them into `sweep.seeds` and run the config again, only the new ones run.',
  ])
})

test('an undecided effect near 0 asks for no number of seeds', () => {
  const { plan, outcomes } = sweep({ seeds: [1, 2, 3], arms: exactPlacebo.slice(0, 2) })
  const near = shifted(outcomes, 'human-aligned', { 1: -6, 2: -5.9, 3: -6.1 })
  assert.deepEqual(linesOf(plan, near).slice(1), [
    'In expected H-Acc, mean over the curve, human-aligned minus correctness is 0.0 ± 2.4 points (95% interval over 3 paired seeds).',
    'A gain of human-aligned is undecided: the interval includes 0.',
    'The sweep has no control: an arm with value.ablation shuffled, or a placebo, would show what noise alone does.',
    'Read the report below, or `bin/rlev compare study` for every table; differences as small as these would take more than 100 seeds to decide.',
  ])
})

test('an interval above 0 whose corrected p is too large is undecided, and says so', () => {
  const { plan, outcomes } = sweep({ seeds: [1, 2, 3] })
  const noisy = shifted(outcomes, 'shuffled', { 1: 2, 2: -2 })
  assert.equal(
    linesOf(plan, shifted(noisy, 'human-aligned', { 1: -1.08, 3: 1.08 }))[2],
    'A gain of human-aligned is undecided: the interval lies above 0, but p (Holm) is 0.076, not below 0.05.',
  )
})

test('several arms with different verdicts', () => {
  const arms = [...exactPlacebo, { name: 'alpha-20', effect: 0.05 }]
  const { plan, outcomes } = sweep({ seeds: [1, 2, 3], arms })
  assert.deepEqual(linesOf(plan, shifted(outcomes, 'alpha-20', { 1: -2.4, 2: 0, 3: 1.4 })).slice(0, 3), [
    'Does rewarding correct answers by their value (human-aligned and alpha-20) raise H-Acc, accuracy weighted by value, above rewarding all alike (correctness)?',
    'In expected H-Acc, mean over the curve, human-aligned minus correctness is +6.0 ± 2.5 points, alpha-20 minus correctness is +4.7 ± 6.8 (95% interval over 3 paired seeds).',
    'A gain is supported for human-aligned (1 of 2) and undecided for alpha-20 (1 of 2).',
  ])
})

test('a gain below the smallest of interest is not supported', () => {
  const { plan, outcomes } = sweep({ seeds: [1, 2, 3], settings: { smallestGain: 9 } })
  assert.deepEqual(linesOf(plan, outcomes).slice(1, 3), [
    'In expected H-Acc, mean over the curve, human-aligned minus correctness is +6.0 ± 2.5 points (95% interval over 3 paired seeds).',
    'A gain of human-aligned is not supported: the interval holds no gain of 9.0 points, the smallest of interest.',
  ])
})

test('an arm that loses is not supported', () => {
  const { plan, outcomes } = sweep({ seeds: [1, 2, 3] })
  assert.equal(
    linesOf(plan, shifted(outcomes, 'human-aligned', { 1: -12, 2: -12, 3: -12 }))[2],
    'A gain of human-aligned is not supported: the interval lies below 0.',
  )
})

test('one seed gives no interval, and asks for five', () => {
  const { plan, outcomes } = sweep({ seeds: [4] })
  assert.deepEqual(linesOf(plan, outcomes), [
    'Does rewarding correct answers by their value (human-aligned) raise H-Acc, accuracy weighted by value, above rewarding all alike (correctness)?',
    'In expected H-Acc, mean over the curve, human-aligned minus correctness is +5.5 points (one seed, so no interval).',
    'A gain of human-aligned is undecided: so few seeds give no interval.',
    'The controls differ from the baseline by shuffled (values permuted) -0.9, uniform (placebo) 0.0 points, without an interval.',
    'Read the report below, or `bin/rlev compare study` for every table; for an interval, put at least five seeds into `sweep.seeds` and run the config again: only the new ones run.',
  ])
})

test('failed experiments are counted, and resume is named', () => {
  const { plan, outcomes } = sweep({ seeds: [1, 2, 3] })
  const some = outcomes.map(outcome =>
    outcome.arm === 'human-aligned' && outcome.seed === 3
      ? { ...outcome, state: 'failed' as const, failure: 'the loss is not finite' }
      : outcome,
  )
  assert.deepEqual(linesOf(plan, some), [
    'Does rewarding correct answers by their value (human-aligned) raise H-Acc, accuracy weighted by value, above rewarding all alike (correctness)?',
    'In expected H-Acc, mean over the curve, human-aligned minus correctness is +5.5 points (2 paired seeds, too few for an interval; 1 of 12 experiments is not done and is left out).',
    'A gain of human-aligned is undecided: so few seeds give no interval.',
    'The controls show no gain, as expected: shuffled (values permuted) -1.0 ± 0.4, uniform (placebo) 0.0 ± 0.0 points.',
    'Read the report below, or `bin/rlev compare study` for every table; `bin/rlev resume study` makes what is missing.',
  ])
})

test('without a finished pair there is no difference, and nothing is claimed', () => {
  const { plan, outcomes } = sweep({ seeds: [1, 2] })
  const lines = linesOf(
    plan,
    outcomes.filter(({ arm }) => arm === 'correctness'),
  )
  assert.deepEqual(lines, [
    'Does rewarding correct answers by their value (human-aligned) raise H-Acc, accuracy weighted by value, above rewarding all alike (correctness)?',
    'No seed is done both of human-aligned and of the baseline, so no difference can be given; 6 of 8 experiments are not done and are left out.',
    'Nothing can be claimed without a difference.',
    'No seed of the controls (shuffled and uniform) is paired with the baseline.',
    'Read the report below, or `bin/rlev compare study` for every table; `bin/rlev resume study` makes what is missing.',
  ])
})

test('an arm that was given up is left out without a call to make it', () => {
  const { plan, outcomes } = sweep({ seeds: [1, 2, 3] })
  const given = outcomes.map(outcome =>
    outcome.arm === 'shuffled' ? { ...outcome, state: 'cancelled' as const } : outcome,
  )
  assert.deepEqual(linesOf(plan, given).slice(3), [
    'The controls show no gain, as expected: uniform (placebo) 0.0 ± 0.0 points.',
    'Read the report below, or `bin/rlev compare study` for every table; for your own arms, copy the config, change its arms and check it with `rlev plan`.',
  ])
})

test('many arms, some with their own baselines, are grouped by verdict', () => {
  const arms: ArmEffect[] = [
    ...exactPlacebo,
    ...['a', 'bb', 'ccc', 'dddd'].map(name => ({ name, effect: 0.05 })),
    { name: 'lost', effect: -0.04 },
  ]
  const { plan, outcomes } = sweep({ seeds: [1, 2, 3], arms, settings: { versus: { lost: 'a' } } })
  assert.deepEqual(linesOf(plan, outcomes), [
    'Do human-aligned, bb, ccc and 2 more gain on correctness and a in expected H-Acc, mean over the curve?',
    'In expected H-Acc, mean over the curve, human-aligned minus correctness is +6.0 ± 2.5 points, bb minus correctness is +5.3 ± 1.6, ccc minus correctness is +5.0 ± 2.1, with 2 more in the tables (95% interval over 3 paired seeds).',
    'A gain is supported for human-aligned, bb, ccc and dddd (4 of 5) and not supported for lost (1 of 5).',
    'The controls show no gain, as expected: shuffled (values permuted) -1.0 ± 0.4, uniform (placebo) 0.0 ± 0.0 points.',
    'Read the report below, or `bin/rlev compare study` for every table; for your own arms, copy the config, change its arms and check it with `rlev plan`.',
  ])
})

test('arms that differ from the baseline in something else than the value are asked about by name', () => {
  const { plan, outcomes } = sweep({
    seeds: [1, 2, 3],
    arms: exactPlacebo.slice(0, 3),
    settings: { placebo: [], baseline: 'human-aligned' },
  })
  assert.deepEqual(linesOf(plan, outcomes).slice(0, 2), [
    'Does correctness gain on human-aligned in expected H-Acc, mean over the curve?',
    'In expected H-Acc, mean over the curve, correctness minus human-aligned is -6.0 ± 2.5 points (95% interval over 3 paired seeds).',
  ])
})

test('a control that differs is named as a warning', () => {
  const { plan, outcomes } = sweep({ seeds: [1, 2, 3] })
  assert.equal(
    linesOf(plan, shifted(outcomes, 'uniform', { 1: 1, 2: 1, 3: 1 }))[3],
    'uniform differs from the baseline although no difference was expected (shuffled (values permuted) -1.0 ± 0.4, uniform (placebo) +1.0 ± 0.0 points): a gain of that size need not come from the values.',
  )
  assert.equal(
    linesOf(plan, shifted(outcomes, 'shuffled', { 1: 5, 2: 5, 3: 5 }))[3],
    'shuffled differs from the baseline although no difference was expected (shuffled (values permuted) +4.0 ± 0.4, uniform (placebo) 0.0 ± 0.0 points): a gain of that size need not come from the values.',
  )
})

test('a placebo whose difference is below what a figure shows is no warning', () => {
  const { plan, outcomes } = sweep({ seeds: [1, 2, 3] })
  const line = linesOf(plan, shifted(outcomes, 'uniform', { 1: 0.01, 2: 0.02, 3: 0.03 }))[3]
  assert.equal(
    line,
    'The controls show no gain, as expected: shuffled (values permuted) -1.0 ± 0.4, uniform (placebo) 0.0 ± 0.0 points.',
  )
})

test('a single experiment tells what it did, and that nothing can be claimed of it', () => {
  const { outcomes } = sweep({ seeds: [1] })
  const [outcome] = outcomes.filter(({ arm }) => arm === 'human-aligned')
  assert.ok(outcome)
  const { config } = outcome
  const single: Plan = { kind: 'experiment', name: 'alone', config, warnings: [] }
  assert.deepEqual(linesOf(single, [{ ...outcome, arm: 'alone' }]), [
    'How far do 100 steps of training with seed 1 take the policy of alone?',
    'Expected H-Acc, accuracy weighted by value, went from 31.0% to 76.0%, expected Acc from 41.0% to 86.0%.',
    'There is no verdict: one run has no baseline and no interval, so it describes itself only.',
    'There is no control: a sweep with a baseline, several seeds and a placebo has them.',
    'Read the report below, or `bin/rlev compare alone` for every table; to compare, give the config a `sweep` section with arms and seeds, as in configs/quickstart.yaml.',
  ])
  assert.equal(linesOf(single, [])[1], 'It is not done, so there are no figures.')
})
