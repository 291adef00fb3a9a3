/** What options of the update do to the preflight: the transmission that it predicts, and which arms take one step. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PreflightFinding } from '../../../pipelines/advantages/planned-arm.js'
import { preflight } from '../../../pipelines/advantages/preflight.js'
import { experimentSchema } from '../../../pipelines/config/schema.js'
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

/** Findings on arms that differ in the sections given. */
function findingsOf(arms: Readonly<Record<string, object>>): PreflightFinding[] {
  const settings = {
    baseline: Object.keys(arms)[0] ?? '',
    placebo: [],
    seeds: [1],
    concurrency: 1,
    endpoint: 'expected-h-acc-curve' as const,
  }
  const configs = Object.entries(arms).map(([name, sections]) => ({
    name,
    config: experimentSchema.parse({ name: 'study', ...sections }),
  }))
  return preflight({ plan: { kind: 'sweep', name: 'study', settings, arms: configs, warnings: [] }, values })
}

const transmissionOf = (sections: object) =>
  findingsOf({ one: sections }).find(({ numbers }) => numbers['transmission'] !== undefined)?.numbers['transmission']

const sameStep = (arms: Readonly<Record<string, object>>) =>
  findingsOf(arms).some(({ sentence }) => sentence.includes('would take the same step'))

test('a schedule of the learning rate transmits as without one, and its arm is another than the one without', () => {
  const update = { schedule: { kind: 'cosine', warmup: 5 } }
  for (const name of ['rloo', 'batch-deviation']) {
    assert.equal(transmissionOf({ estimator: { name }, update }), transmissionOf({ estimator: { name } }))
  }
  assert.ok(sameStep({ plain: {}, again: {} }))
  assert.ok(!sameStep({ plain: {}, scheduled: { update } }))
})

const options = {
  'several updates': { ppo: { minibatches: 2, epochs: 2 } },
  'importance weights': { importanceCap: 2 },
  entropy: { entropyCoefficient: 0.01 },
}

for (const [name, update] of Object.entries(options)) {
  test(`${name}: the transmission of the advantages is predicted as without, and a note says what is not predicted`, () => {
    const aligned = { reward: { scale: 'human-aligned' } }
    assert.equal(transmissionOf({ ...aligned, update }), transmissionOf(aligned))
    const notes = (sections: object) =>
      findingsOf({ one: sections }).filter(({ sentence }) => sentence.includes('not predicted'))
    assert.deepEqual(
      notes({ ...aligned, update }).map(({ severity }) => severity),
      ['note'],
    )
    assert.deepEqual(notes({ ...aligned }), [])
    const both = findingsOf({ one: { ...aligned, update }, two: { ...aligned, seed: 2, update } })
    assert.deepEqual(
      both.flatMap(({ sentence }) => (sentence.includes('not predicted') ? [sentence.slice(0, 8)] : [])),
      ['one, two'],
    )
    assert.deepEqual(notes({ reward: { scale: 'correctness' }, update }), [])
    assert.ok(!sameStep({ plain: {}, other: { update } }))
  })
}

test('a common factor of the advantages is no placebo of AdamW where the entropy is in the loss', () => {
  const findings = findingsOf({
    correctness: { reward: { scale: 'correctness' }, update: options.entropy },
    uniform: { reward: { scale: 'uniform' }, update: options.entropy },
  })
  assert.ok(findings.some(({ sentence }) => sentence.includes('The entropy in the loss is not multiplied')))
})

test('with a schedule of the divergence in the reward, the transmission is that of its mean coefficient, and a note says so', () => {
  const kl = (coefficient: number, schedule?: object) => ({
    reward: { scale: 'human-aligned' },
    estimator: { name: 'grpo', allowCancelled: true },
    kl: { place: 'reward', estimator: 'k1', coefficient, ...(schedule === undefined ? {} : { schedule }) },
  })
  // Of 100 steps, the mean of (t - 1) / 100 is 0.495.
  const linear = transmissionOf(kl(0.4, { end: 0 })) ?? Number.NaN
  assert.ok(Math.abs(linear - (transmissionOf(kl(0.4 * 0.505)) ?? Number.NaN)) < 1e-9)
  assert.ok(Math.abs(linear - (transmissionOf(kl(0.4)) ?? Number.NaN)) > 1e-3)
  assert.equal(transmissionOf(kl(0.4, { kind: 'adaptive' })), transmissionOf(kl(0.4)))
  for (const [kind, words] of [
    ['linear', 'mean coefficient'],
    ['adaptive', 'first coefficient'],
  ] as const) {
    assert.ok(findingsOf({ one: kl(0.4, { kind }) }).some(({ sentence }) => sentence.includes(words)))
  }
})

test('a schedule of the divergence in the loss leaves the transmission as it is', () => {
  const of = (schedule: object | null) => ({
    reward: { scale: 'human-aligned' },
    kl: { place: 'loss', coefficient: 0.1, schedule },
  })
  assert.equal(transmissionOf(of({ end: 0 })), transmissionOf(of(null)))
  assert.ok(!sameStep({ constant: of(null), falling: of({ end: 0 }) }))
})

test('a checkpoint that is taught first transmits as one that is not, and its arm is another one', () => {
  const of = (warmStart?: object) => ({
    reward: { scale: 'human-aligned' },
    policy: { from: 'checkpoint', path: 'anywhere', ...(warmStart === undefined ? {} : { warmStart }) },
  })
  assert.equal(transmissionOf(of({ steps: 5 })), transmissionOf(of()))
  assert.ok(!sameStep({ plain: of(), taught: of({}) }))
  assert.ok(sameStep({ one: of({ steps: 5 }), other: of({ steps: 5 }) }))
})
