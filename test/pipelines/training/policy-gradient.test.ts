/** The policy gradient: the loss by its formula, its gradient, and the metrics of a step. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { klTerms } from '../../../pipelines/advantages/kl.js'
import type { StepRecord } from '../../../pipelines/advantages/records.js'
import { disposeEngines } from '../../../pipelines/engine/engine-cache.js'
import { logProbsOf } from '../../../pipelines/engine/log-probabilities.js'
import { createOptimizer, disposeOptimizer } from '../../../pipelines/model/optimizer-state.js'
import { disposePolicy } from '../../../pipelines/model/policy.js'
import { tinyConfig } from '../model/tiny-policy.js'
import { valuesIn } from '../model/values-in.js'
import { advantages, batch, firstStep, near, recorded, sgdStep, tinyPolicy } from './sgd-step.js'

after(disposeEngines)

for (const aggregation of ['sequence-sum', 'sequence-mean', 'token-mean'] as const) {
  test(`micro-batches add up to the whole batch, aggregated as ${aggregation}`, async () => {
    const whole = await sgdStep({ update: { aggregation, microBatch: 6 } })
    for (const microBatch of [1, 4]) {
      const parts = await sgdStep({ update: { aggregation, microBatch } })
      near(parts.weights, whole.weights, 1e-4)
      for (const [name, value] of Object.entries(whole.metrics)) {
        const gap = Math.abs((parts.metrics[name] as number) - value)
        assert.ok(gap < 1e-5 * Math.max(1, Math.abs(value)), `${name}: ${gap}`)
      }
    }
  })
}

test('the loss equals the formula, for each aggregation, with the scale and the divergence in the loss', async () => {
  const policy = tinyPolicy()
  const reference = tinyPolicy(9)
  const { responses, records } = batch(policy, reference)
  disposePolicy(policy)
  disposePolicy(reference)
  const tokens = responses.reduce((sum, response) => sum + response.tokens.length, 0)
  const divisors = {
    'sequence-sum': () => responses.length,
    'sequence-mean': (length: number) => responses.length * length,
    'token-mean': () => tokens,
  }
  for (const [aggregation, divisor] of Object.entries(divisors)) {
    for (const site of ['reward', 'loss'] as const) {
      for (const estimator of ['k1', 'k2', 'k3'] as const) {
        const wanted = responses.reduce((sum, { logProbs, referenceLogProbs = [] }, index) => {
          const { advantage, scale, length } = records[index] as StepRecord
          const terms = logProbs.map(
            (logProb, token) =>
              -advantage * logProb + 0.3 * klTerms(logProb, referenceLogProbs[token] as number)[estimator],
          )
          const factor = (site === 'loss' ? scale : 1) / divisor(length)
          return sum + factor * terms.reduce((total, term) => total + term, 0)
        }, 0)
        const { metrics } = await sgdStep({
          update: { aggregation },
          value: { site },
          kl: { place: 'loss', estimator, coefficient: 0.3 },
        })
        const gap = Math.abs((metrics['policy/loss'] as number) - wanted)
        assert.ok(gap < 1e-4 * Math.max(1, Math.abs(wanted)), `${aggregation} ${site} ${estimator}: ${gap}`)
      }
    }
  }
})

for (const estimator of ['none', 'k1', 'k2', 'k3'] as const) {
  test(`recorded equals eager with micro-batches, the scale in the loss and the divergence ${estimator}`, async () => {
    const sections = {
      update: { microBatch: 4, learningRate: 0.01 },
      value: { site: 'loss' },
      kl: estimator === 'none' ? { place: 'none' } : { place: 'loss', estimator, coefficient: 0.3 },
    }
    const [one, other] = [await sgdStep(sections, undefined, recorded), await sgdStep(sections)]
    near(one.weights, other.weights, 3e-5)
    for (const [name, value] of Object.entries(other.metrics)) {
      const gap = Math.abs((one.metrics[name] as number) - value)
      assert.ok(gap < 1e-5 * Math.max(1, Math.abs(value)), `${name}: ${gap}`)
    }
  })
}

test('a scale in the loss equals a scale of the advantage', async () => {
  const atLoss = await sgdStep({ value: { site: 'loss' } })
  const inAdvantage = await sgdStep({}, records =>
    records.map(record => ({ ...record, advantage: record.advantage * record.scale })),
  )
  near(atLoss.weights, inAdvantage.weights, 1e-5)
})

test('a step raises the log-probability of better responses and lowers that of worse ones', async () => {
  const policy = tinyPolicy()
  const { responses, records } = batch(policy)
  const config = tinyConfig({ update: { optimizer: 'adamw', learningRate: 1e-3 }, kl: { place: 'none' } })
  const optimizer = createOptimizer(policy, config.update)
  await firstStep({
    policy,
    optimizer,
    responses,
    records,
    config,
  })
  const sum = (row: readonly number[]) => row.reduce((total, logProb) => total + logProb, 0)
  const gain = logProbsOf(policy, responses).reduce(
    (total, row, index) => total + (advantages[index] as number) * (sum(row) - sum(responses[index]?.logProbs ?? [])),
    0,
  )
  assert.ok(gain > 0, `${gain}`)
  disposePolicy(policy)
  disposeOptimizer(optimizer)
})

test('metrics of the step: computed tokens, entropy of all tokens, and no gap to the sampling policy', async () => {
  const { metrics } = await sgdStep({})
  assert.equal(metrics['update/skipped'], 0)
  // 21 response tokens, of which the response of advantage 0 has 2.
  assert.equal(metrics['update/tokens'], 19)
  assert.equal(metrics['policy/entropy'], 21 / 21)
  assert.ok((metrics['policy/sampling_log_prob_gap'] as number) < 1e-6)
})

test('a response of advantage 0 counts in the divisors, and is computed only if the divergence is in the loss', async () => {
  const all = await sgdStep({})
  const fewer = await sgdStep({}, records =>
    records.map(record => ({ ...record, advantage: record.advantage || 1e-30 })),
  )
  assert.equal(fewer.metrics['update/tokens'], 21)
  near(all.weights, fewer.weights, 1e-5)
  const divergence = await sgdStep({ kl: { place: 'loss', coefficient: 0.3 } })
  assert.equal(divergence.metrics['update/tokens'], 21)
})

test('a gradient above the limit is clipped to it', async () => {
  const free = await sgdStep({})
  const clipNorm = (free.metrics['policy/grad_norm'] as number) / 2
  const clipped = await sgdStep({ update: { clipNorm } })
  assert.equal(clipped.metrics['policy/grad_norm'], free.metrics['policy/grad_norm'])
  assert.deepEqual([free.metrics['policy/grad_clipped'], clipped.metrics['policy/grad_clipped']], [0, 1])
  const policy = tinyPolicy()
  const start = valuesIn(policy)
  disposePolicy(policy)
  const moved = (weights: Map<string, number[]>) =>
    Math.hypot(
      ...[...weights].flatMap(([name, values]) => values.map((value, i) => value - (start.get(name)?.[i] ?? 0))),
    )
  assert.ok(Math.abs(moved(clipped.weights) - clipNorm) < 1e-3 * clipNorm)
})

test('a masked response has no gradient, not even of a divergence in the loss, and the divisors count it', async () => {
  const kl = { place: 'loss', estimator: 'k3', coefficient: 0.3 }
  const masked = (record: StepRecord): StepRecord => ({ ...record, advantage: 0, masked: true })
  const untouched = tinyPolicy()
  near((await sgdStep({ kl }, records => records.map(masked))).weights, valuesIn(untouched), 1e-12)
  disposePolicy(untouched)
  // Gradients add up: half of the batch masked, and the other half masked.
  const half = (keep: (index: number) => boolean) =>
    sgdStep({ kl }, records => records.map((record, index) => (keep(index) ? record : masked(record))))
  const [even, odd, all] = [
    await half(index => index % 2 === 0),
    await half(index => index % 2 === 1),
    await half(() => true),
  ]
  const before = tinyPolicy()
  const start = valuesIn(before)
  disposePolicy(before)
  const summed = new Map(
    [...start].map(([name, values]) => [
      name,
      values.map(
        (value, index) =>
          (even.weights.get(name)?.[index] as number) + (odd.weights.get(name)?.[index] as number) - value,
      ),
    ]),
  )
  near(all.weights, summed, 1e-5)
  assert.ok((all.metrics['policy/grad_norm'] as number) > 0)
})
