import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type KlBefore, klCoefficientOf } from '../../../pipelines/advantages/kl-schedule.js'
import { tinyConfig } from '../model/tiny-policy.js'
import { golden } from '../training/golden.js'

const scheduled = (coefficient: number, schedule: object, steps = 8) =>
  tinyConfig({ steps, kl: { place: 'loss', coefficient, schedule } })

test('a linear coefficient goes from the first to the end, and stays there', () => {
  const { first, end, steps, coefficients } = golden.kl.linear
  for (const [index, expected] of coefficients.entries()) {
    const found = klCoefficientOf(index + 1, scheduled(first, { end, steps }), null)
    assert.ok(Math.abs(found - expected) < 1e-12, `step ${index + 1}: ${found}`)
  }
})

for (const { first, target, horizon, divergences, coefficients } of golden.kl.adaptive) {
  test(`an adaptive coefficient with target ${target} and horizon ${horizon} is that of Ziegler et al.`, () => {
    const config = scheduled(first, { kind: 'adaptive', target, horizon })
    let before: KlBefore | null = null
    for (const [index, expected] of coefficients.entries()) {
      const coefficient = klCoefficientOf(index + 1, config, before)
      assert.ok(Math.abs(coefficient - expected) < 1e-12, `step ${index + 1}: ${coefficient}`)
      before = { coefficient, divergence: divergences[index] as number }
    }
  })
}

test('without steps of a schedule, the line ends with the run', () => {
  const at = (steps: number) => klCoefficientOf(5, scheduled(0.4, { end: 0 }, steps), null)
  assert.ok(Math.abs(at(8) - 0.2) < 1e-12)
  assert.ok(Math.abs(at(16) - 0.3) < 1e-12)
})
