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
