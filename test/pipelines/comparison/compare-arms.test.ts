import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareArms } from '../../../pipelines/comparison/compare-arms.js'
import { type ExperimentOutcome, endpointOf } from '../../../pipelines/comparison/outcome.js'
import type { Columns } from '../../../pipelines/evaluation/evaluation.js'
import { comparisonMarkdown, comparisonTable } from '../../../pipelines/report/tables/comparison-as-text.js'
import { publishedTable } from '../../../pipelines/report/tables/published.js'
import { textOf } from '../../../pipelines/report/tables/table.js'
import { constructedOutcome, constructedSweep, fourArms } from './constructed.js'

const close = (found: number | null | undefined, expected: number) =>
  assert.ok(found != null && Math.abs(found - expected) < 1e-9, `${found}, not ${expected}`)

test('the endpoint is what was named: over the curve without the base, or at the end', () => {
  const { outcomes } = constructedSweep([1])
  const evaluations = outcomes[0]?.evaluations ?? []
  close(endpointOf(evaluations, 'expected-h-acc-curve'), 0.61)
  close(endpointOf(evaluations, 'expected-h-acc-final'), 0.71)
  close(endpointOf(evaluations, 'h-acc-curve'), 0.63)
  close(endpointOf(evaluations, 'h-acc-final'), 0.73)
  assert.equal(endpointOf(evaluations.slice(0, 1), 'expected-h-acc-curve'), null)
})

test('differences are paired by seed, so what the seeds share cancels', () => {
  const comparison = compareArms(constructedSweep([1, 2, 3]))
  const aligned = comparison.arms.find(arm => arm.arm === 'human-aligned')
  // effect 0.06 x (10 + (7 seed + 13) mod 5) / 12: 10, 12, 14 twelfths.
  assert.deepEqual(
    aligned?.perSeed.map(({ difference }) => Math.round(1e6 * (difference ?? 0)) / 1e6),
    [0.05, 0.06, 0.07],
  )
  close(aligned?.endpointDifference?.mean, 0.06)
  // s = 0.01 over three pairs: 4.30265273 x 0.01 / sqrt(3)
  close(aligned?.endpointDifference?.half, 0.024841377117503)
  close(aligned?.figures?.endpoint.mean, 0.68)
  close(aligned?.finalDifferences?.expected.hAcc.mean, 0.06)
  close(aligned?.finalDifferences?.expected.length.mean, 0)
  close(aligned?.figures?.sections[1]?.difference?.acc.mean, 0.06)
  assert.equal(comparison.arms[0]?.endpointDifference, null)
})

test('an arm is compared with its own baseline where it has one, and the tables say with which', () => {
  const { plan, outcomes } = constructedSweep([1, 2, 3])
  assert.ok(plan.kind === 'sweep')
  const settings = { ...plan.settings, versus: { 'human-aligned': 'shuffled' } }
  const comparison = compareArms({ plan: { ...plan, settings }, outcomes })
  const plain = compareArms({ plan, outcomes })
  const of = ({ arms }: typeof plain, name: string) => arms.find(arm => arm.arm === name)
  const difference = (name: string) => of(plain, name)?.endpointDifference?.mean ?? Number.NaN
  close(of(comparison, 'human-aligned')?.endpointDifference?.mean, difference('human-aligned') - difference('shuffled'))
  assert.deepEqual(
    comparison.arms.map(({ role, against }) => [role, against]),
    [
      ['baseline', null],
      ['arm', 'shuffled'],
      ['baseline', null],
      ['placebo', 'correctness'],
    ],
  )
  const text = comparisonTable(comparison)
  assert.match(text, /^[^\n]*: 4 arms, seeds 1, 2, 3, baselines correctness, shuffled\n/)
  assert.match(text, /minus its baseline \(points\)/)
  assert.match(text, /Compared are human-aligned with shuffled, uniform with correctness\./)
})

test('published figures stand beside ours, levels and difference, for the arms that have them', () => {
  const { plan, outcomes } = constructedSweep([1, 2, 3])
  assert.ok(plan.kind === 'sweep')
  const arms = { correctness: { acc: 65.9, hAcc: 56.7, length: 186.2 }, 'human-aligned': { acc: 66.6, hAcc: 58.9 } }
  const settings = { ...plan.settings, published: { source: 'table 4', arms } }
  const table = publishedTable(compareArms({ plan: { ...plan, settings }, outcomes }))
  assert.match(table?.title ?? '', /table 4/)
  const [baseline, aligned] = table?.rows.map(({ cells }) => cells.map(textOf)) ?? []
  assert.equal(table?.rows.length, 2)
  assert.deepEqual([baseline?.[1], baseline?.[3], baseline?.[5], baseline?.at(-2)], ['65.9', '56.7', '186.2', '–'])
  assert.deepEqual([aligned?.[1], aligned?.[5], aligned?.at(-2)], ['66.6', '–', '+2.2'])
  assert.match(aligned?.at(-1) ?? '', /^\+6\.0/)
  assert.equal(publishedTable(compareArms({ plan, outcomes })), null)
})

test("Holm's correction runs over the arms that are not placebos", () => {
  const comparison = compareArms(constructedSweep([1, 2, 3]))
  const of = (name: string) => comparison.arms.find(arm => arm.arm === name)?.endpointDifference
  const ps = ['human-aligned', 'shuffled'].map(name => of(name)?.p ?? 1).sort((a, b) => a - b)
  close(Math.min(of('human-aligned')?.pHolm ?? 1, of('shuffled')?.pHolm ?? 1), 2 * (ps[0] ?? 1))
  assert.equal(of('uniform')?.pHolm, null)
  assert.ok(comparison.notes.some(note => note.startsWith('uniform is a declared placebo')))
})

test('one seed gives no interval, no test, and says so', () => {
  const comparison = compareArms(constructedSweep([4]))
  const aligned = comparison.arms.find(arm => arm.arm === 'human-aligned')
  assert.equal(aligned?.figures?.endpoint.half, null)
  assert.equal(aligned?.endpointDifference?.half, null)
  assert.equal(aligned?.endpointDifference?.p, null)
  assert.ok(comparison.notes.some(note => note.startsWith('One seed: no interval')))
})

test('what is not done is left out of the figures and listed, and pairs need both seeds', () => {
  const { plan, outcomes } = constructedSweep([1, 2, 3])
  const kept = outcomes
    .filter(outcome => !(outcome.arm === 'shuffled' && outcome.seed !== 1))
    .map(outcome =>
      outcome.arm === 'correctness' && outcome.seed === 3
        ? { ...outcome, state: 'failed' as const, failure: 'loss not finite\nat step 12' }
        : outcome,
    )
  const comparison = compareArms({ plan, outcomes: kept })
  assert.deepEqual(comparison.missing, [
    { arm: 'correctness', seed: 3, state: 'failed', failure: 'loss not finite\nat step 12' },
    { arm: 'shuffled', seed: 2, state: 'not started' },
    { arm: 'shuffled', seed: 3, state: 'not started' },
  ])
  assert.equal(comparison.arms.find(arm => arm.arm === 'human-aligned')?.endpointDifference?.n, 2)
  const table = comparisonTable(comparison)
  assert.match(table, /Left out: correctness, seed 3, failed: loss not finite$/m)
})

test('arms that start from different policies are named with their first figures', () => {
  const { plan, outcomes } = constructedSweep([1, 2, 3])
  const same = compareArms({ plan, outcomes }).notes
  assert.ok(!same.some(note => note.includes('start from different policies')))
  const moved = outcomes.map(outcome =>
    outcome.arm === 'human-aligned'
      ? {
          ...outcome,
          evaluations: outcome.evaluations.map((one, index) =>
            index === 0 ? { ...one, greedy: { ...one.greedy, acc: 0.07 } } : one,
          ),
        }
      : outcome,
  )
  const found = compareArms({ plan, outcomes: moved }).notes.filter(note => note.includes('different policies'))
  assert.equal(found.length, 1)
  assert.match(found[0] ?? '', /^human-aligned and correctness start .* greedy Acc is 7\.0% and 43\.0%/)
})

test('runs that are set side by side afterwards have no endpoint that was named before', () => {
  const { plan, outcomes } = constructedSweep([1, 2])
  assert.equal(compareArms({ plan, outcomes }).endpointNamed, true)
  const beside = outcomes.map(outcome => ({ ...outcome, name: outcome.arm }))
  assert.equal(compareArms({ plan, outcomes: beside }).endpointNamed, false)
  assert.match(comparisonTable(compareArms({ plan, outcomes: beside })), /^Endpoint: expected H-Acc/m)
})

test('with nothing done every figure is a dash', () => {
  const { plan } = constructedSweep([1, 2])
  const comparison = compareArms({ plan, outcomes: [] })
  assert.ok(comparison.arms.every(arm => arm.figures === null && arm.endpointDifference === null))
  assert.equal(comparison.missing.length, 8)
  assert.match(comparisonTable(comparison), /no seed done/)
})

test('a single experiment has no baseline and shows before and after', () => {
  const { plan } = constructedSweep([1])
  const arm = fourArms[1]
  assert.ok(arm)
  const { config, ...rest } = constructedOutcome(plan, arm, 1)
  const comparison = compareArms({
    plan: { kind: 'experiment', name: 'alone', config, warnings: [] },
    outcomes: [{ ...rest, config, arm: 'alone' }],
  })
  assert.equal(comparison.baseline, null)
  assert.match(comparisonTable(comparison), /alone, before +41\.0/)
})

test('claims are judged by the rule beside them, none of a placebo or the baseline', () => {
  const verdicts = (smallestGain?: number) => {
    const { plan, outcomes } = constructedSweep([1, 2, 3])
    const settings = smallestGain === undefined ? plan.settings : { ...plan.settings, smallestGain }
    const comparison = compareArms({ plan: { ...plan, settings }, outcomes })
    return comparison.arms.map(arm => arm.endpointDifference?.verdict ?? null)
  }
  // +6.0 ± 2.5 and -1.0 ± 0.4 points; correctness is the baseline, uniform a placebo.
  assert.deepEqual(verdicts(), [null, 'supported', 'not supported', null])
  assert.deepEqual(verdicts(8), [null, 'supported', 'not supported', null])
  assert.deepEqual(verdicts(9), [null, 'not supported', 'not supported', null])
  const { plan, outcomes } = constructedSweep([1, 2, 3])
  const named = { ...plan, settings: { ...plan.settings, smallestGain: 9 } }
  const table = comparisonTable(compareArms({ plan: named, outcomes }))
  assert.match(table, /not supported when the interval holds no gain of 9\.0 points, the smallest of interest;/)
})

test('one seed decides nothing', () => {
  const comparison = compareArms(constructedSweep([4]))
  const aligned = comparison.arms.find(arm => arm.arm === 'human-aligned')?.endpointDifference
  assert.deepEqual(
    [aligned?.verdict, aligned?.effect, aligned?.detectable, aligned?.pSignFlip],
    ['undecided', null, null, 1],
  )
})

test('the table of a sweep reads as committed', () => {
  const table = comparisonTable(compareArms(constructedSweep([1, 2, 3])))
  assert.equal(`${table}\n`, expected)
})

test('an older experiment does not say how many responses were cut: the mean of its arm is not known, and of all of them has no column', () => {
  const { plan, outcomes } = constructedSweep([1, 2, 3])
  const older = (outcome: ExperimentOutcome): ExperimentOutcome => ({
    ...outcome,
    evaluations: outcome.evaluations.map(({ greedy, expected, ...rest }) => {
      const without = ({ cut: _, ...columns }: Columns): Columns => columns
      return { ...rest, greedy: without(greedy), expected: without(expected) }
    }),
  })
  const mixed = outcomes.map((outcome, index) => (index === 0 ? older(outcome) : outcome))
  const table = (shown: readonly ExperimentOutcome[]) => comparisonTable(compareArms({ plan, outcomes: shown }))
  assert.match(table(outcomes), /human-aligned +88\.0 ± 5\.0 +5\.5 ± 1\.2 +78\.0/)
  assert.match(table(mixed), /correctness \(baseline\), after +82\.0 ± 2\.5 +– +72\.0/)
  assert.match(table(outcomes.map(older)), /arm +Acc +H-Acc/)
})

test('Markdown carries the same cells, and a name cannot break the table', () => {
  const markdown = comparisonMarkdown(compareArms(constructedSweep([1, 2, 3])))
  assert.match(markdown, /^\| human-aligned \| 3 \| 68\.0 ± 5\.0 \| \+6\.0 ± 2\.5 \|/m)
  const { plan, outcomes } = constructedSweep([1])
  const odd = { ...plan, name: 'a|b <i>' }
  assert.match(comparisonMarkdown(compareArms({ plan: odd, outcomes })), /^# a\\\|b \\<i\\>/)
})

const expected = `study: 4 arms, seeds 1, 2, 3, baseline correctness

Endpoint, named before the run: expected H-Acc, mean over the curve (%)
  arm                     seeds        mean  minus correctness (points)      p  p (Holm)
  correctness (baseline)      3  62.0 ± 2.5                           –      –         –
  human-aligned               3  68.0 ± 5.0                  +6.0 ± 2.5  0.009     0.018
  shuffled                    3  61.0 ± 2.1                  -1.0 ± 0.4  0.009     0.018
  uniform (placebo)           3  62.1 ± 2.5                  +0.1 ± 0.0  0.005         –

The same, seed by seed: expected H-Acc, mean over the curve (%)
  arm                     seed 1  seed 2  seed 3
  correctness (baseline)    61.0    62.0    63.0
  human-aligned             66.0    68.0    70.0
  shuffled                  60.2    61.0    61.8
  uniform (placebo)         61.1    62.1    63.1

Claim, for each arm: its endpoint gains on correctness
  arm            effect d (95% interval)      g  p (sign flips)  detectable (points)        verdict
  human-aligned  +6.00 (+0.78 to +11.62)  +3.39           0.250                  3.3      supported
  shuffled       -6.00 (-11.62 to -0.78)  -3.39           0.250                  0.5  not supported

Expected over samples, before and after training (%; length in tokens; density in % a token)
  arm                            Acc         cut       H-Acc     length       density    Acc high     Acc low
  before, every arm       42.0 ± 2.5  17.0 ± 0.6  32.0 ± 2.5  7.0 ± 0.0   4.57 ± 0.35  27.0 ± 2.5  47.0 ± 2.5
  correctness (baseline)  82.0 ± 2.5   7.0 ± 0.6  72.0 ± 2.5  7.0 ± 0.0  10.29 ± 0.35  67.0 ± 2.5  87.0 ± 2.5
  human-aligned           88.0 ± 5.0   5.5 ± 1.2  78.0 ± 5.0  7.0 ± 0.0  11.14 ± 0.71  73.0 ± 5.0  93.0 ± 5.0
  shuffled                81.0 ± 2.1   7.3 ± 0.5  71.0 ± 2.1  7.0 ± 0.0  10.14 ± 0.30  66.0 ± 2.1  86.0 ± 2.1
  uniform (placebo)       82.1 ± 2.5   7.0 ± 0.6  72.1 ± 2.5  7.0 ± 0.0  10.30 ± 0.35  67.1 ± 2.5  87.1 ± 2.5

Greedy, before and after training (%; length in tokens; density in % a token)
  arm                            Acc         cut       H-Acc     length       density    Acc high     Acc low
  before, every arm       44.0 ± 2.5  17.0 ± 0.6  34.0 ± 2.5  7.0 ± 0.0   4.86 ± 0.35  27.0 ± 2.5  47.0 ± 2.5
  correctness (baseline)  84.0 ± 2.5   7.0 ± 0.6  74.0 ± 2.5  7.0 ± 0.0  10.57 ± 0.35  67.0 ± 2.5  87.0 ± 2.5
  human-aligned           90.0 ± 5.0   5.5 ± 1.2  80.0 ± 5.0  7.0 ± 0.0  11.43 ± 0.71  73.0 ± 5.0  93.0 ± 5.0
  shuffled                83.0 ± 2.1   7.3 ± 0.5  73.0 ± 2.1  7.0 ± 0.0  10.43 ± 0.30  66.0 ± 2.1  86.0 ± 2.1
  uniform (placebo)       84.1 ± 2.5   7.0 ± 0.6  74.1 ± 2.5  7.0 ± 0.0  10.59 ± 0.35  67.1 ± 2.5  87.1 ± 2.5

± is the half width of the 95% interval of Student's t over seeds. Differences are paired by seed: same data, warm start, prompts and evaluation samples.
p is from the two-sided paired t-test on the endpoint. Holm's correction covers the arms that are not placebos.
uniform is a declared placebo: no difference to correctness is expected. A difference shows how large the noise is.
A gain is supported when the 95% interval of its difference lies above 0 and p (Holm) is below 0.05; not supported when the interval lies below 0; else undecided.
d is the mean difference over its standard deviation across seeds. g is d without the bias of few seeds. Detectable: the true difference that this number of seeds finds four times in five, at p 0.05 without correction.
`

test('a single run has no endpoint that somebody named, and without samples no expected figures', () => {
  const { plan, outcomes } = constructedSweep([1])
  assert.ok(plan.kind === 'sweep')
  const [arm] = plan.arms
  assert.ok(arm !== undefined)
  const alone = (samples: number) => {
    const config = { ...arm.config, evaluation: { ...arm.config.evaluation, samples } }
    const own = outcomes.slice(0, 1).map(outcome => ({ ...outcome, arm: 'study' }))
    return comparisonTable(
      compareArms({ plan: { kind: 'experiment', name: 'study', config, warnings: [] }, outcomes: own }),
    )
  }
  assert.match(alone(4), /^Endpoint: expected H-Acc, mean over the curve \(%\)$/m)
  assert.match(alone(4), /Expected over samples, before and after/)
  assert.match(alone(0), /^Endpoint: (greedy )?H-Acc, mean over the curve \(%\)$/m)
  assert.doesNotMatch(alone(0), /xpected over samples|expected H-Acc/)
  assert.match(alone(0), /^Greedy, before and after/m)
})
