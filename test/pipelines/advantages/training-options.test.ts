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
