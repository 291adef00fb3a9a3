import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PreflightFinding } from '../../../pipelines/advantages/planned-arm.js'
import { preflight } from '../../../pipelines/advantages/preflight.js'
import {
  type EstimatorName,
  type ExperimentConfig,
  experimentSchema,
  type SweepPlan,
} from '../../../pipelines/config/schema.js'
import type { ItemValue } from '../../../pipelines/values/value.js'

/** Papers of 14 items at 1 point, 3 at 8, 1 at 12 and 2 at 25, 100 in all. */
const values: ItemValue[] = Array.from({ length: 10 }, (_, paper) =>
  [...new Array(14).fill(1), 8, 8, 8, 12, 25, 25].map((points: number, index) => ({
    itemId: `${paper}-${index}`,
    section: points === 1 ? 'short' : 'long',
    points,
    total: 100,
    value: points / 100,
  })),
).flat()

type Overrides = { [K in keyof ExperimentConfig]?: Partial<ExperimentConfig[K]> }

const arm = (name: string, overrides: Overrides) => ({
  name,
  config: experimentSchema.parse({ name: 'study', ...overrides }),
})

function sweep(arms: SweepPlan['arms'], placebo: string[] = []): PreflightFinding[] {
  const settings = {
    baseline: arms[0]?.name ?? '',
    placebo,
    seeds: [1],
    concurrency: 1,
    endpoint: 'expected-h-acc-curve' as const,
  }
  return preflight({ plan: { kind: 'sweep', name: 'study', settings, arms, warnings: [] }, values })
}

const baseline = { reward: { scale: 'correctness' } } as const
const aligned = { reward: { scale: 'human-aligned' } } as const
const uniform = { reward: { scale: 'uniform' } } as const

const transmissionBy = (name: EstimatorName) =>
  sweep([arm('aligned', { ...aligned, estimator: { name, allowCancelled: true } })]).find(
    finding => finding.numbers['transmission'] !== undefined,
  )?.numbers['transmission'] ?? Number.NaN

test('value transmission by estimator: 0 where the group is divided out, 1 where nothing is divided by, near 1 where the batch is', () => {
  for (const name of ['grpo', 'maxrl'] as const) assert.ok(Math.abs(transmissionBy(name)) < 1e-6, name)
  for (const name of ['rloo', 'dr-grpo'] as const) assert.ok(Math.abs(transmissionBy(name) - 1) < 1e-9, name)
  // A valued prompt raises the deviation of its own batch of 16, so a part of its scale is divided out again.
  for (const name of ['batch-deviation', 'reinforce++-baseline', 'reinforce++'] as const) {
    const found = transmissionBy(name)
    assert.ok(found > 0.7 && found < 1.1, `${name} ${found}`)
  }
})

test('GRPO with values takes the step of GRPO without: refused, unless allowed, and not when the value acts on the advantage', () => {
  const grpo = { name: 'grpo' } as const
  const refused = sweep([
    arm('baseline', { ...baseline, estimator: grpo }),
    arm('aligned', { ...aligned, estimator: grpo }),
  ])
  assert.deepEqual(
    refused.map(finding => finding.severity),
    ['refuse', 'refuse'],
  )
  assert.match(refused[0]?.sentence ?? '', /value transmission 0\.00: grpo divides the value out/)
  assert.match(refused[1]?.sentence ?? '', /baseline and aligned would take the same step/)

  const allowed = { ...grpo, allowCancelled: true }
  const warned = sweep([
    arm('baseline', { ...baseline, estimator: grpo }),
    arm('aligned', { ...aligned, estimator: allowed }),
  ])
  assert.deepEqual([...new Set(warned.map(finding => finding.severity))], ['warning'])

  const moved = sweep([
    arm('baseline', { ...baseline, estimator: grpo }),
    arm('aligned', { ...aligned, estimator: grpo, value: { site: 'advantage' } }),
  ])
  assert.deepEqual(
    moved.map(finding => finding.severity),
    ['note'],
  )
})

test('a divergence in the reward lets the value act through GRPO', () => {
  const settings = { estimator: { name: 'grpo' }, kl: { place: 'reward', coefficient: 0.1 } } as const
  const findings = sweep([arm('baseline', { ...baseline, ...settings }), arm('aligned', { ...aligned, ...settings })])
  assert.ok(findings.every(finding => finding.severity === 'note'))
})

test('under AdamW a uniform scale is a placebo: a warning until it is declared', () => {
  const arms = [arm('baseline', baseline), arm('uniform', uniform)]
  const [warning] = sweep(arms)
  assert.equal(warning?.severity, 'warning')
  assert.match(warning?.sentence ?? '', /AdamW divides a common factor out.*Name it under placebo/)
  // Mean scale of the paper: (14 x 1.1 + 3 x 1.8 + 3 x 2) / 20.
  assert.ok(Math.abs((warning?.numbers['factor'] ?? 0) - 1.34) < 1e-9)
  const [note] = sweep(arms, ['uniform'])
  assert.equal(note?.severity, 'note')
  assert.match(note?.sentence ?? '', /Declared as placebo/)
})

test('under SGD a uniform scale is a larger learning rate, and clipping or a divergence in the loss is said to change the placebo', () => {
  const pair = (update: Overrides) =>
    sweep([arm('baseline', { ...baseline, ...update }), arm('uniform', { ...uniform, ...update })])
  assert.match(pair({ update: { optimizer: 'sgd' } })[0]?.sentence ?? '', /larger learning rate/)
  assert.match(pair({ update: { clipNorm: 1 } })[0]?.sentence ?? '', /clipping at 1 changes that/)
  assert.match(pair({ kl: { place: 'loss', coefficient: 0.1 } })[0]?.sentence ?? '', /divergence in the loss/)
})

test('where the batch is divided out, the uniform arm takes the very step of the baseline', () => {
  const estimator = { name: 'reinforce++' } as const
  const arms = [arm('baseline', { ...baseline, estimator }), arm('uniform', { ...uniform, estimator })]
  assert.equal(sweep(arms)[0]?.severity, 'refuse')
  assert.equal(sweep(arms, ['uniform'])[0]?.severity, 'note')
})

test('arms that differ in anything else that shapes the step are not called the same', () => {
  const findings = sweep([arm('slow', { ...baseline, update: { learningRate: 1e-5 } }), arm('fast', baseline)])
  assert.deepEqual(findings, [])
})

test('a declared placebo that takes another step is warned of', () => {
  const findings = sweep([arm('baseline', baseline), arm('aligned', aligned)], ['aligned'])
  assert.match(findings[0]?.sentence ?? '', /declared as placebo, yet/)
})

test('a placebo is declared against the baseline: to other arms it may differ without a word', () => {
  const findings = sweep([arm('baseline', baseline), arm('aligned', aligned), arm('uniform', uniform)], ['uniform'])
  assert.deepEqual(
    findings.map(finding => finding.severity),
    ['note', 'note'],
  )
})

test('one sample a prompt is refused for estimators that compare samples', () => {
  const findings = sweep([arm('aligned', { ...aligned, rollout: { samples: 1 } })])
  assert.equal(findings[0]?.severity, 'refuse')
  assert.match(findings[0]?.sentence ?? '', /rollout\.samples is 1/)
})

test('a single experiment is set beside the correctness arm that it stands against', () => {
  const { config } = arm('alone', { ...aligned, estimator: { name: 'maxrl' } })
  const findings = preflight({ plan: { kind: 'experiment', name: 'alone', config, warnings: [] }, values })
  assert.ok(findings.every(finding => finding.severity === 'refuse'))
  assert.match(findings[1]?.sentence ?? '', /correctness \(not run\)/)
})

test('the note on an arm names mean scale and the share clipped', () => {
  const [note] = sweep([arm('aligned', aligned)])
  assert.equal(note?.severity, 'note')
  assert.match(note?.sentence ?? '', /mean scale 1\.340, 15\.0% of the items clipped/)
})

test('a single experiment whose items are all worth the same is told that values do nothing, and of no placebo', () => {
  const equal = values.map(item => ({ ...item, points: 5, value: 0.05 }))
  const { config } = arm('alone', aligned)
  const findings = preflight({ plan: { kind: 'experiment', name: 'alone', config, warnings: [] }, values: equal })
  assert.equal(findings.length, 1)
  assert.equal(findings[0]?.severity, 'warning')
  assert.match(
    findings[0]?.sentence ?? '',
    /every item is worth the same: values do nothing here .*0\.05.*factor, 1\.5/,
  )
  assert.doesNotMatch(findings[0]?.sentence ?? '', /placebo/)
})

test('a single experiment whose items are all clipped is told that it takes nearly the steps of correctness', () => {
  const { config } = arm('alone', { reward: { scale: 'human-aligned', alpha: 1000 } })
  const findings = preflight({ plan: { kind: 'experiment', name: 'alone', config, warnings: [] }, values })
  assert.deepEqual(
    findings.map(({ severity }) => severity),
    ['warning'],
  )
  assert.match(findings[0]?.sentence ?? '', /2\.000 times those of a run with the scale correctness/)
  assert.doesNotMatch(findings[0]?.sentence ?? '', /placebo/)
})

test('many arms that take one step are refused in one sentence, which names the first of them', () => {
  const arms = Array.from({ length: 40 }, (_, index) =>
    arm(`alpha-${index}`, { reward: { scale: 'human-aligned', alpha: 1000 + index } }),
  )
  const found = sweep(arms).filter(({ severity }) => severity === 'refuse')
  assert.equal(found.length, 1)
  assert.match(found[0]?.sentence ?? '', /^alpha-0, alpha-1, .*alpha-7 and 32 more would take the same step/)
})

test('many arms that are multiples of each other are told together, with the range of the factors', () => {
  const arms = [
    arm('baseline', baseline),
    ...Array.from({ length: 6 }, (_, index) =>
      arm(`cap-${index}`, { reward: { scale: 'human-aligned', alpha: 1000, cap: 1 + index } }),
    ),
  ]
  const [warning, ...others] = sweep(arms).filter(({ severity }) => severity !== 'note')
  assert.deepEqual(others, [])
  assert.match(
    warning?.sentence ?? '',
    /^cap-0, .*cap-5: their advantages are multiples of those of baseline \(2\.000 to 7\.000 times\)/,
  )
})

test('the findings on hundreds of arms are there within seconds', () => {
  const arms = Array.from({ length: 400 }, (_, index) =>
    arm(`alpha-${index}`, { reward: { scale: 'human-aligned', alpha: 0.1 * (index + 1) } }),
  )
  const began = process.cpuUsage()
  sweep(arms)
  const { user, system } = process.cpuUsage(began)
  // Each pair compared with each other took over 30 s of processor time.
  assert.ok((user + system) / 1e6 < 15, `${(user + system) / 1e6} s`)
})

test('dynamic sampling is told with the most that it draws, and refused where there is nothing to draw', () => {
  const rollout = { dynamicSampling: { rounds: 2 } }
  const [told] = sweep([arm('aligned', { ...aligned, rollout })]).filter(({ numbers }) => numbers['most'] !== undefined)
  assert.equal(told?.severity, 'note')
  assert.deepEqual(told?.numbers, { most: 48, prompts: 16 })
  const [refused] = sweep([arm('aligned', { ...aligned, rollout: { ...rollout, prompts: values.length } })])
  assert.equal(refused?.severity, 'refuse')
  assert.match(refused?.sentence ?? '', /finds no further prompts/)
})
