import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mostConfigBytes, refuseTooLarge } from '../../../commands/plan/limits.js'
import type { SweepPlan } from '../../../pipelines/config/schema.js'
import { experimentConfig, sweepPlan } from '../plans.js'

/** A config whose JSON has so many bytes. */
function configOf(bytes: number) {
  const config = experimentConfig('large')
  const tracking = { ...config.tracking, experiment: '' }
  const missing = bytes - Buffer.byteLength(JSON.stringify({ ...config, tracking }))
  return { ...config, tracking: { ...tracking, experiment: 'x'.repeat(missing) } }
}

test('a config that fits into a message of Temporal is taken, and one more byte is refused with its section', () => {
  const plan = (bytes: number) =>
    ({ kind: 'experiment', name: 'large', config: configOf(bytes), warnings: [] }) as const
  refuseTooLarge(plan(mostConfigBytes), 'large.yaml')
  assert.throws(
    () => refuseTooLarge(plan(mostConfigBytes + 1), 'large.yaml'),
    /large\.yaml: the config is too large\n.*at most 1000000 bytes[^\n]*\n.*1000001 bytes, \d+ of them under tracking/,
  )
})

test('of a sweep each arm counts alone: many arms of usual size are taken', () => {
  const { arms, ...rest } = sweepPlan('large')
  const [first] = arms
  assert.ok(first)
  const many = Array.from({ length: 1300 }, (_, index) => ({ ...first, name: `arm-${index}` }))
  refuseTooLarge({ ...rest, arms: many }, 'large.yaml')
  const one: SweepPlan = { ...rest, arms: [first, { name: 'wide', config: configOf(mostConfigBytes + 1) }] }
  assert.throws(() => refuseTooLarge(one, 'large.yaml'), /the config of the arm wide is too large/)
})
