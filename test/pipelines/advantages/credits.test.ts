/** Estimators, records, preflight and metrics with parts of credit and points deducted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { advantages } from '../../../pipelines/advantages/advantages.js'
import { creditFindings } from '../../../pipelines/advantages/credit-findings.js'
import { type Group, isDegenerate } from '../../../pipelines/advantages/estimators/group.js'
import { recordsOf } from '../../../pipelines/advantages/records.js'
import { simulatedStep, simulateGroups, valuedItems } from '../../../pipelines/advantages/simulated-step.js'
import { transmission } from '../../../pipelines/advantages/transmission.js'
import { type EstimatorName, estimatorNames, experimentSchema } from '../../../pipelines/config/schema.js'
import type { Item } from '../../../pipelines/data/item.js'
import { keptMark, markOf } from '../../../pipelines/rewards/mark.js'
import type { Rollout } from '../../../pipelines/rollout/response.js'
import { trainingMetrics } from '../../../pipelines/training/training-metrics.js'

/** Points 4 of 16: value 1/4, scale 2. Four right options; 2 points are deducted for a wrong answer. */
const item: Item = {
  id: 'a',
  exam: 'e',
  section: 'several',
  prompt: '',
  answer: 'ABCD',
  points: 4,
  total: 16,
  weight: 1,
  negative: 2,
}
const values = [{ itemId: 'a', section: 'several', points: 4, total: 16, value: 1 / 4 }]
const texts = ['#ABCD', '#AB', '#ABE', 'none']
const credits = [1, 1 / 2, -1 / 2, 0]
const rollout: Rollout = {
  step: 1,
  prompts: ['a'],
  responses: texts.map((text, sample) => ({
    itemId: 'a',
    sample,
    promptTokens: [1],
    tokens: [1, 2],
    text,
    logProbs: [-1, -1],
    finish: 'stop',
  })),
}

const configOf = (name: EstimatorName, more: object = {}) =>
  experimentSchema.parse({
    name: 'credits',
    reward: { verifier: 'choice', partial: 'jee', alpha: 10, cap: 1, answer: 'after-hash' },
    estimator: { name, allowCancelled: true },
    ...more,
  })

test('a reward is the scale times the credit, and a record keeps the credit that its verdict does not imply', () => {
  const records = recordsOf({ rollout, items: [item], values, config: configOf('dr-grpo') })
  const shared = { itemId: 'a', value: 1 / 4, scale: 2, length: 2 }
  // Rewards 2, 1, -1, 0 of mean 1/2.
  assert.deepEqual(records, [
    { ...shared, sample: 0, verdict: 'correct', reward: 2, advantage: 1.5 },
    { ...shared, sample: 1, verdict: 'wrong', credit: 1 / 2, reward: 1, advantage: 0.5 },
    { ...shared, sample: 2, verdict: 'wrong', credit: -1 / 2, reward: -1, advantage: -1.5 },
    { ...shared, sample: 3, verdict: 'wrong', reward: 0, advantage: -0.5 },
  ])
})

test('at the advantage and at the loss, the reward is the credit', () => {
  const at = (site: 'advantage' | 'loss') =>
    recordsOf({ rollout, items: [item], values, config: configOf('dr-grpo', { value: { site } }) })
  assert.deepEqual(
    at('advantage').map(({ reward }) => reward),
    credits,
  )
  // Credits 1, 1/2, -1/2, 0 of mean 1/4, times the scale 2.
  assert.deepEqual(
    at('advantage').map(({ advantage }) => advantage),
    [1.5, 0.5, -1.5, -0.5],
  )
  assert.deepEqual(
    at('loss').map(({ reward, advantage }) => [reward, advantage]),
    [
      [1, 0.75],
      [0.5, 0.25],
      [-0.5, -0.75],
      [0, -0.25],
    ],
  )
})

test('marks that are given take the place of the verifier', () => {
  const marks = [markOf('wrong'), markOf(-1), markOf('unscored'), markOf(0.25)]
  const records = recordsOf({ rollout, items: [item], values, config: configOf('rloo'), marks })
  assert.deepEqual(
    records.map(({ verdict, reward }) => [verdict, reward]),
    [
      ['wrong', 0],
      ['wrong', -2],
      ['unscored', 0],
      ['wrong', 0.5],
    ],
  )
})

/** Rewards 2, 1, -1, 0: mean 1/2, squares of the differences 2.25 + 0.25 + 2.25 + 0.25 = 5. */
const byHand: Readonly<Record<Exclude<EstimatorName, 'maxrl'>, readonly number[]>> = {
  rloo: [1.5, 0.5, -1.5, -0.5].map(difference => (difference * 4) / 3),
  'dr-grpo': [1.5, 0.5, -1.5, -0.5],
  grpo: [1.5, 0.5, -1.5, -0.5].map(difference => difference / Math.sqrt(5 / 3)),
  'batch-deviation': [1.5, 0.5, -1.5, -0.5].map(difference => difference / Math.sqrt(5 / 3)),
  'reinforce++': [1.5, 0.5, -1.5, -0.5].map(difference => difference / Math.sqrt(5 / 4)),
  'reinforce++-baseline': [1.5, 0.5, -1.5, -0.5].map(difference => difference / Math.sqrt(5 / 4)),
}

for (const [name, expected] of Object.entries(byHand)) {
  test(`${name} with negative rewards, by hand`, () => {
    const records = recordsOf({ rollout, items: [item], values, config: configOf(name as EstimatorName) })
    for (const [index, { advantage }] of records.entries()) {
      assert.ok(Math.abs(advantage - (expected[index] ?? Number.NaN)) < 2e-6, `${advantage} ${expected[index]}`)
    }
  })
}

test('maxrl gives no advantage where deducted points bring the mean to 0 or below: the config refuses these', () => {
  const group = (rewards: readonly number[]): Group =>
    rewards.map(reward => ({ ...keptMark(markOf(reward)), reward, length: 1 }))
  const run = (rewards: readonly number[]) =>
    advantages({ estimator: { name: 'maxrl', epsilon: 1e-6 }, groups: [group(rewards)] })[0]
  assert.deepEqual(run([1, -1, -1, 0]), [0, 0, 0, 0])
  // Parts of credit alone: mean 1/2.
  assert.deepEqual(run([1, 0.5, 0.5, 0]), [1, 0, 0, -1])
})

test('a group is degenerate if all credits are equal, not if all verdicts are', () => {
  const group = (...of: number[]) => of.map(credit => keptMark(markOf(credit)))
  assert.ok(isDegenerate(group(0, 0)))
  assert.ok(isDegenerate(group(-0.5, -0.5)))
  assert.ok(!isDegenerate(group(0, -0.5)))
  assert.ok(!isDegenerate(group(0.25, 0.5)))
  assert.ok(isDegenerate([keptMark(markOf(0.25)), keptMark(markOf('unscored'))]))
})

test('a per-prompt scale on credits passes through what divides by nothing of the group, and cancels in grpo', () => {
  const sample = fc.record({ credit: fc.constantFrom(1, 0.75, 0.5, 0.25, 0, -0.25, -0.5, -1) })
  const groups = fc.array(fc.array(sample, { minLength: 4, maxLength: 4 }), { minLength: 2, maxLength: 4 })
  fc.assert(
    fc.property(groups, fc.double({ min: 1, max: 2, noNaN: true }), (batch, scale) => {
      const of = (factor: number) =>
        batch.map(group =>
          group.map(({ credit }): Group[number] => ({
            ...keptMark(markOf(credit)),
            reward: factor * credit,
            length: 3,
          })),
        )
      const run = (name: EstimatorName, factor: number) =>
        advantages({ estimator: { name, epsilon: 1e-12 }, groups: of(factor) }).flat()
      for (const [name, expected] of [
        ['rloo', scale],
        ['dr-grpo', scale],
        ['grpo', 1],
      ] as const) {
        const plain = run(name, 1)
        for (const [index, value] of run(name, scale).entries()) {
          assert.ok(Math.abs(value - expected * (plain[index] ?? 0)) < 1e-9, name)
        }
      }
    }),
  )
})

const exam = Array.from({ length: 40 }, (_, index): Item => {
  const points = [1, 2, 4, 9, 24][index % 5] as number
  return { ...item, id: `i${index}`, exam: `${Math.floor(index / 5)}`, points, total: 40, negative: points / 2 }
})
const examValues = exam.map(({ id, section, points, total }) => ({
  itemId: id,
  section,
  points,
  total,
  value: points / total,
}))

test('value transmission under negative marking: 1 where nothing is divided by, 0 where the group is', () => {
  for (const name of estimatorNames) {
    const config = configOf(name)
    const valued = valuedItems(examValues, exam)
    const batches = simulateGroups(valued, config)
    const found = transmission(simulatedStep({ values: valued, batches, config }).signals)?.transmission ?? Number.NaN
    if (name === 'rloo' || name === 'dr-grpo') assert.ok(Math.abs(found - 1) < 1e-9, `${name} ${found}`)
    else if (name === 'grpo') assert.ok(Math.abs(found) < 1e-6, `${name} ${found}`)
    else assert.ok(Number.isFinite(found), `${name} ${found}`)
  }
})

test('the simulated answers have the credits of their items: deducted points, and some parts of the points', () => {
  const of = (config: ReturnType<typeof configOf>, items: readonly Item[]) =>
    new Set(
      simulateGroups(valuedItems(examValues, items), config)
        .flat()
        .flatMap(({ samples }) => samples.map(({ credit }) => credit)),
    )
  assert.deepEqual(of(configOf('rloo'), exam), new Set([undefined, 0.5, -0.5]))
  const { negative: _negative, ...undeducted } = item
  const plain = exam.map(one => ({ ...undeducted, id: one.id }))
  assert.deepEqual(of(configOf('rloo', { reward: { wrongCredit: -0.25 } }), plain), new Set([undefined, -0.25]))
  assert.deepEqual(of(configOf('rloo', { reward: {} }), plain), new Set([undefined]))
})

test('a step with credits tells their mean; the measured transmission stays 1', () => {
  const items = exam.slice(0, 10)
  const many: Rollout = {
    step: 1,
    prompts: items.map(({ id }) => id),
    responses: items.flatMap(({ id }) => rollout.responses.map(response => ({ ...response, itemId: id }))),
  }
  const config = configOf('rloo')
  const records = recordsOf({ rollout: many, items, values: examValues, config })
  const metrics = trainingMetrics({ rollout: many, records, config })
  assert.equal(metrics['reward/credit_mean'], 1 / 4)
  assert.equal(metrics['verdict/correct'], 1 / 4)
  assert.equal(metrics['groups/degenerate'], 0)
  assert.ok(Math.abs((metrics['value/transmission'] ?? 0) - 1) < 1e-9)
  const plain = configOf('rloo', { reward: { verifier: 'choice' } })
  const { negative: _negative, ...undeducted } = item
  const without = recordsOf({ rollout, items: [undeducted], values, config: plain })
  assert.ok(!('reward/credit_mean' in trainingMetrics({ rollout, records: without, config: plain })))
})

test('a plan is told of sections that no item has, of partial credit without effect, and of deducted points under maxrl', () => {
  const data = { train: exam.slice(0, 20), test: exam.slice(20), skipped: [], warnings: [] }
  const about = (config: ReturnType<typeof configOf>, items = data) =>
    creditFindings({ kind: 'experiment', name: 'one', config, warnings: [] }, items)
  assert.deepEqual(about(configOf('rloo')), [])

  const stray = about(
    configOf('rloo', { reward: { verifier: 'choice', wrongCredit: { sevral: -0.5, several: -0.25 } } }),
  )
  assert.deepEqual(
    stray.map(({ severity }) => severity),
    ['warning'],
  )
  assert.match(stray[0]?.sentence ?? '', /wrongCredit names sevral, and no item is of such a section.*several/)

  const single = (items: readonly Item[]) => items.map(one => ({ ...one, answer: 'A' }))
  const idle = about(configOf('rloo'), { ...data, train: single(data.train), test: single(data.test) })
  assert.match(idle[0]?.sentence ?? '', /reward.partial has no effect: none of the 40 questions/)

  const [refused] = about(configOf('maxrl'))
  assert.equal(refused?.severity, 'refuse')
  assert.match(refused?.sentence ?? '', /20 of 20 training items deduct points/)
})

test('a sweep is told of arms that are marked by different rules, in the evaluation too', () => {
  const arm = (name: string, more: object) => ({
    name,
    config: configOf('rloo', { reward: { verifier: 'choice', ...more } }),
  })
  const settings = { baseline: 'plain', placebo: [], seeds: [1], concurrency: 1, endpoint: 'h-acc-final' as const }
  const arms = [arm('plain', { scale: 'correctness' }), arm('valued', {}), arm('deducting', { wrongCredit: -0.5 })]
  const found = creditFindings(
    { kind: 'sweep', name: 'study', settings, arms, warnings: [] },
    { train: exam, test: [], skipped: [], warnings: [] },
  )
  assert.deepEqual(
    found.map(one => one.arm),
    ['deducting'],
  )
  assert.match(found[0]?.sentence ?? '', /other rules than in plain \(reward.wrongCredit\)/)
})
