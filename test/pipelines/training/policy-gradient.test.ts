import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { klTerms } from '../../../pipelines/advantages/kl.js'
import type { StepRecord } from '../../../pipelines/advantages/records.js'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import { disposeEngines } from '../../../pipelines/engine/engine-cache.js'
import { logProbsOf } from '../../../pipelines/engine/log-probabilities.js'
import { RlevError } from '../../../pipelines/errors.js'
import { type Tensor, tf } from '../../../pipelines/graph/tensorflow.js'
import { createOptimizer, disposeOptimizer, type Optimizer } from '../../../pipelines/model/optimizer-state.js'
import { defaultEngine, disposePolicy, type Policy } from '../../../pipelines/model/policy.js'
import { type Hooks, noHooks } from '../../../pipelines/progress.js'
import type { Response } from '../../../pipelines/rollout/response.js'
import { LocalPolicy } from '../../../pipelines/training/local-policy.js'
import { policyGradientStep } from '../../../pipelines/training/policy-gradient.js'
import { changeWeight, prompt, tinyConfig, tinyPolicy as tinyPolicyOf } from '../model/tiny-policy.js'
import { valuesIn } from '../model/values-in.js'

/** Operation by operation, unless a test is about recorded graphs: every loss and shape would record one. */
const eager = { ...defaultEngine, mode: 'eager' } as const
const recorded = { ...defaultEngine, mode: 'recorded' } as const
after(disposeEngines)

function tinyPolicy(seed = 1, engine: Policy['engine'] = eager): Policy {
  return { ...tinyPolicyOf(seed), engine }
}

/**
 * Number of tensors in this process, without those of engines, which are kept for the next policy of their
 * shape.
 */
function tensors(): number {
  disposeEngines()
  return tf.memory().numTensors
}

/** The first step of training, of the policy itself. */
const firstStep = ({
  policy,
  optimizer,
  hooks = noHooks,
  ...of
}: Pick<Parameters<typeof policyGradientStep>[0], 'responses' | 'records' | 'config'> & {
  policy: Policy
  optimizer: Optimizer
  hooks?: Hooks
}) => policyGradientStep({ ...of, policy: new LocalPolicy({ policy, optimizer }), step: 1, hooks })

const texts = ['7#', '12=', '5', '99#18', '3#3', '0']
const advantages = [1, -0.5, 0, 2, -1.5, 0.25]
const scales = [1, 2, 1.5, 1.1, 2, 1.3]

/** Six responses of unequal length to two prompts, with log-probabilities of the policy and a reference. */
function batch(policy: Policy, reference?: Policy): { responses: Response[]; records: StepRecord[] } {
  const sequences = texts.map((text, index) => ({
    promptTokens: prompt(policy, index < 3 ? '1+2=' : '33+66='),
    tokens: [...prompt(policy, text), policy.tokenizer.eosIds[0] as number],
  }))
  const logProbs = logProbsOf(policy, sequences)
  const others = reference === undefined ? undefined : logProbsOf(reference, sequences)
  const responses = sequences.map(
    (sequence, index): Response => ({
      itemId: `i${index}`,
      sample: 0,
      ...sequence,
      text: texts[index] as string,
      logProbs: logProbs[index] as number[],
      entropy: index + 1,
      ...(others === undefined ? {} : { referenceLogProbs: others[index] as number[] }),
      finish: 'stop',
    }),
  )
  const records = responses.map(
    ({ itemId, tokens }, index): StepRecord => ({
      itemId,
      sample: 0,
      verdict: 'correct',
      value: 0.1,
      scale: scales[index] as number,
      reward: 1,
      advantage: advantages[index] as number,
      length: tokens.length,
    }),
  )
  return { responses, records }
}

/** Weights and metrics after one SGD step with learning rate 1, so that the weights show the gradient. */
async function sgdStep(
  sections: { update?: object; kl?: object; value?: object },
  change: (records: StepRecord[]) => StepRecord[] = records => records,
  engine: Policy['engine'] = eager,
): Promise<{ weights: Map<string, number[]>; metrics: Record<string, number> }> {
  const policy = tinyPolicy(1, engine)
  const reference = tinyPolicy(9, engine)
  const { responses, records } = batch(policy, reference)
  const config: ExperimentConfig = tinyConfig({
    kl: { place: 'none' },
    ...sections,
    update: { optimizer: 'sgd', learningRate: 1, ...sections.update },
  })
  const optimizer = createOptimizer(policy, config.update)
  const { metrics } = await firstStep({
    policy,
    optimizer,
    responses,
    records: change(records),
    config,
  })
  const weights = valuesIn(policy)
  for (const one of [policy, reference]) disposePolicy(one)
  disposeOptimizer(optimizer)
  return { weights, metrics }
}

function near(a: Map<string, number[]>, b: Map<string, number[]>, tolerance: number): void {
  for (const [name, values] of a) {
    for (const [index, value] of values.entries()) {
      const gap = Math.abs(value - (b.get(name)?.[index] as number))
      // A weight here reaches 80, where neighbouring float32 numbers are 8e-6 apart.
      assert.ok(gap < tolerance * Math.max(1, Math.abs(value)), `${name} ${index}: ${gap}`)
    }
  }
}

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

test('a step without any advantage is skipped: weights and moments stay, and a metric says so', async () => {
  const policy = tinyPolicy()
  const { responses, records } = batch(policy)
  const config = tinyConfig({ update: { weightDecay: 0.1 } })
  const optimizer = createOptimizer(policy, config.update)
  const before = valuesIn(policy)
  const { metrics } = await firstStep({
    policy,
    optimizer,
    responses,
    records: records.map(record => ({ ...record, advantage: 0 })),
    config,
  })
  const { 'update/skipped': skipped, 'policy/entropy': entropy, ...measured } = metrics
  assert.deepEqual({ skipped, entropy }, { skipped: 1, entropy: 1 })
  assert.ok(Object.values(measured).every(value => value === 0))
  const { metrics: made } = await sgdStep({})
  assert.deepEqual(Object.keys(metrics).sort(), Object.keys(made).sort())
  assert.deepEqual(valuesIn(policy), before)
  assert.equal(optimizer.steps, 0)
  disposePolicy(policy)
  disposeOptimizer(optimizer)
})

for (const engine of [recorded, eager]) {
  test(`equal updates give equal bits, and leave no tensors behind, ${engine.mode}`, async () => {
    const before = tensors()
    const run = () => sgdStep({ update: { optimizer: 'adamw', learningRate: 0.01, microBatch: 4 } }, undefined, engine)
    const first = await run()
    assert.equal(tensors(), before)
    assert.deepEqual(await run(), first)
  })
}

for (const engine of [recorded, eager]) {
  test(`a loss that is not finite changes nothing, and leaves no tensors behind, ${engine.mode}`, () =>
    losesNothing(engine))
}

async function losesNothing(engine: Policy['engine']): Promise<void> {
  const policy = tinyPolicy(1, engine)
  const { responses, records } = batch(policy)
  const config = tinyConfig({ kl: { place: 'none' } })
  const optimizer = createOptimizer(policy, config.update)
  const name = 'model.layers.1.mlp.up_proj.weight'
  changeWeight(policy, name, weight => weight.mul(Number.NaN))
  const norm = [...(policy.weights.read().get('model.norm.weight') as Tensor).dataSync()]
  const before = tensors()
  await assert.rejects(
    firstStep({
      policy,
      optimizer,
      responses,
      records,
      config,
    }),
    (error: unknown) => error instanceof RlevError && error.kind === 'NotFinite',
  )
  assert.equal(tensors(), before)
  assert.equal(optimizer.steps, 0)
  assert.deepEqual([...(policy.weights.read().get('model.norm.weight') as Tensor).dataSync()], norm)
  disposePolicy(policy)
  disposeOptimizer(optimizer)
}

test('a step that is cancelled between micro-batches changes nothing, and leaves no tensors behind', async () => {
  const policy = tinyPolicy()
  const { responses, records } = batch(policy)
  const config = tinyConfig({ kl: { place: 'none' }, update: { microBatch: 2 } })
  const optimizer = createOptimizer(policy, config.update)
  const before = tensors()
  const weights = valuesIn(policy)
  const tick = async (progress?: { done: number }) => {
    if ((progress?.done ?? 0) >= 4) throw new Error('cancelled')
  }
  await assert.rejects(
    firstStep({
      policy,
      optimizer,
      responses,
      records,
      config,
      hooks: { tick },
    }),
    /cancelled/,
  )
  assert.equal(tensors(), before)
  assert.deepEqual(valuesIn(policy), weights)
  disposePolicy(policy)
  disposeOptimizer(optimizer)
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
