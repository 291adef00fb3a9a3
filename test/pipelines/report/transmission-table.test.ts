import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareArms } from '../../../pipelines/comparison/compare-arms.js'
import type { ExperimentOutcome } from '../../../pipelines/comparison/outcome.js'
import { comparisonMarkdown, comparisonTable } from '../../../pipelines/report/tables/comparison-as-text.js'
import { transferTables } from '../../../pipelines/report/tables/transfer-tables.js'
import { constructedSweep } from '../comparison/constructed.js'

/** Steps whose top fifth has scale 2 and whose advantages there grow by `widened`. */
function withSignals(outcome: ExperimentOutcome, widened: number): ExperimentOutcome {
  const metrics = outcome.metrics.map(metric => ({
    ...metric,
    values: {
      ...metric.values,
      'value/advantage_top': 0.5 * widened,
      'value/advantage_unscaled_top': 0.5,
      'value/advantage_scaled_top': 1,
      'value/advantage_bottom': 0.2,
      'value/advantage_unscaled_bottom': 0.2,
      'value/advantage_scaled_bottom': 0.2,
    },
  }))
  return { ...outcome, metrics }
}

test('an arm whose advantages are those without the value is told as cancelled, in the table, below it and in Markdown', () => {
  const { plan, outcomes } = constructedSweep([1, 2])
  // Predicted: half is passed on.
  const step = {
    top: { withValue: 0.75, without: 0.5, scaled: 1 },
    bottom: { withValue: 0.2, without: 0.2, scaled: 0.2 },
  }
  const measured = outcomes.map(outcome =>
    outcome.arm === 'human-aligned'
      ? { ...withSignals(outcome, 2), predictedTransmission: { plan: [step, step], answers: [] } }
      : outcome.arm === 'shuffled'
        ? withSignals(outcome, 1)
        : outcome,
  )
  const comparison = compareArms({ plan, outcomes: measured })
  const of = (name: string) => comparison.arms.find(({ arm }) => arm === name)?.transmission
  assert.deepEqual(of('human-aligned')?.cancelled, false)
  assert.ok(Math.abs((of('human-aligned')?.transmission ?? 0) - 1) < 1e-9)
  assert.deepEqual(
    of('shuffled')?.perSeed.map(({ seed, transmission }) => [seed, Math.round(1e9 * transmission)]),
    [
      [1, 0],
      [2, 0],
    ],
  )
  assert.equal(of('correctness'), null)
  const text = comparisonTable(comparison)
  assert.match(text, /^ {2}human-aligned +0\.500 ± 0\.000 +– +1\.000 ± 0\.000 +120$/m)
  assert.match(text, /^ {2}shuffled +– +– +0\.000 ± 0\.000 +120 +cancelled$/m)
  assert.match(text, /^Predicting it from the policy's answers needs evaluation\.samples/m)
  assert.match(text, /^shuffled: value transmission 0\.00 over 120 steps\. Its estimator cancels the value/m)
  assert.match(comparisonMarkdown(comparison), /^- shuffled: value transmission 0\\?\.00/m)
})

test('what the plan predicts is the figure of one seed, with the error of one, however many seeds carry it', () => {
  const { plan, outcomes } = constructedSweep([1, 2])
  const signal = (widened: number) => ({
    top: { withValue: 0.5 * widened, without: 0.5, scaled: 1 },
    bottom: { withValue: 0.2, without: 0.2, scaled: 0.2 },
  })
  const predictedTransmission = { plan: [signal(1.5), signal(1.9)], answers: [] }
  const measured = outcomes.map(outcome => ({ ...withSignals(outcome, 2), predictedTransmission }))
  const planOf = (of: typeof measured) =>
    compareArms({ plan, outcomes: of }).arms.find(({ arm }) => arm === 'human-aligned')?.transmission?.predicted.plan
  assert.ok((planOf(measured)?.error ?? 0) > 0)
  assert.deepEqual(planOf(measured), planOf(measured.filter(({ seed }) => seed === 1)))
})

test('Acc and H-Acc on a further test set: before, after, and the difference to the baseline paired by seed', () => {
  const { plan, outcomes } = constructedSweep([1, 2, 3])
  const withTransfer = outcomes.map(outcome => ({
    ...outcome,
    evaluations: outcome.evaluations.map((evaluation, index) =>
      index === 0 || index === outcome.evaluations.length - 1
        ? {
            ...evaluation,
            transfer: [{ name: 'far', items: 50, greedy: evaluation.greedy, expected: evaluation.expected }],
          }
        : evaluation,
    ),
  }))
  const comparison = compareArms({ plan, outcomes: withTransfer })
  const aligned = comparison.arms.find(({ arm }) => arm === 'human-aligned')
  const far = aligned?.figures?.transfer[0]
  // The set was given the columns of the exam itself, so it must come out as the exam does.
  assert.deepEqual(far?.base.expected.hAcc, aligned?.figures?.base.expected.hAcc)
  assert.deepEqual(far?.final.greedy.acc, aligned?.figures?.final.greedy.acc)
  assert.deepEqual(far?.difference?.expected.hAcc, aligned?.finalDifferences?.expected.hAcc)
  const [greedy, expected] = transferTables(comparison)
  assert.equal(greedy?.name, 'transfer-greedy')
  assert.deepEqual(greedy?.header.slice(3), [
    'Acc minus baseline',
    'cut before',
    'cut after',
    ...greedy.header.slice(6),
  ])
  assert.deepEqual(greedy?.rows[0]?.cells.length, greedy?.header.length)
  assert.equal(expected?.rows.length, 4)
  assert.deepEqual(transferTables(compareArms({ plan, outcomes })), [])
})
