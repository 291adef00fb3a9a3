import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Learning } from '../../../pipelines/engine/learning.js'
import { logProbsOf } from '../../../pipelines/engine/log-probabilities.js'
import { type Tensor, tf } from '../../../pipelines/graph/tensorflow.js'
import { disposePolicy, type Policy } from '../../../pipelines/model/policy.js'
import { noHooks } from '../../../pipelines/progress.js'
import { stream } from '../../../pipelines/random.js'
import { rollOut } from '../../../pipelines/rollout/roll-out.js'
import { generate } from '../../../pipelines/sampling/generate.js'
import { LocalSampler } from '../../../pipelines/sampling/local-sampler.js'
import { accumulate } from '../../../pipelines/training/accumulate.js'
import { policyGradientLoss } from '../../../pipelines/training/loss.js'
import { changeWeight, prompt, tinyConfig, tinyPolicy } from '../model/tiny-policy.js'

const temperature = 0.6

/**
 * A policy whose logits depend on the last token only, and which says 0 or 1 after '+', 0 and 1. Logits of (0, 1):
 * (ln 3, 0) after '+', (0, ln 2) after 0, (ln 3, 0) after 1.
 */
function policyOfThreeStates(): Policy {
  const policy = tinyPolicy()
  const { width, vocabulary } = policy.architecture
  const states = ['+', '0', '1'].map(text => prompt(policy, text)[0] as number)
  const matrix = (entry: (token: number, axis: number) => number): Tensor =>
    tf.tensor2d(
      Array.from({ length: vocabulary }, (_, token) => Array.from({ length: width }, (_, axis) => entry(token, axis))),
    )
  for (const name of policy.weights.shapes.keys()) {
    if (/o_proj|down_proj/.test(name)) changeWeight(policy, name, weight => weight.mul(0))
    if (name.endsWith('norm.weight')) changeWeight(policy, name, weight => weight.mul(0).add(1))
  }
  // RMSNorm makes the embedding of a state sqrt(width) on its axis.
  changeWeight(policy, 'model.embed_tokens.weight', () => matrix((token, axis) => (states[axis] === token ? 100 : 0)))
  const logits = new Map([
    [states[1], [Math.log(3), 0, Math.log(3)]],
    [states[2], [0, Math.log(2), 0]],
  ])
  changeWeight(policy, 'lm_head.weight', () =>
    matrix((token, axis) => (axis > 2 ? 0 : ((logits.get(token)?.[axis] ?? -100) as number) / Math.sqrt(width))),
  )
  return policy
}

// J = p(0 | +) p(0 | 0) at temperature T is the expected reward if only (0, 0) is rewarded. With p = softmax(z / T):
// dJ / dz(0 | +) = J (1 - p(0 | +)) / T, dJ / dz(0 | 0) = J (1 - p(0 | 0)) / T, and nothing after 1.
//   from math import exp, log
//   s = lambda x: 1 / (1 + exp(-x)); p, q = s(log(3) / .6), s(-log(2) / .6); print(p * q * (1 - p) / .6, p * q * (1 - q) / .6)
const expected = [0.0475, 0.2617, 0]

test('the expected gradient of an update is that of the expected reward at the sampling temperature', async () => {
  const policy = policyOfThreeStates()
  const [start, zero, one] = ['+', '0', '1'].map(text => prompt(policy, text)[0] as number) as [number, number, number]
  const sequences = [zero, one].flatMap(first =>
    [zero, one].map(second => ({ promptTokens: [start], tokens: [first, second] })),
  )
  const logProbs = logProbsOf(policy, sequences, { temperature })
  const { engine } = await accumulate({
    policy,
    rows: sequences.map((sequence, row) => {
      const own = logProbs[row] as number[]
      const probability = Math.exp(own.reduce((sum, logProb) => sum + logProb, 0))
      return { ...sequence, advantage: row === 0 ? 1 : 0, weight: probability, logProbs: own }
    }),
    limits: { microBatch: 4, tokenBudget: null },
    loss: policyGradientLoss(),
    temperature,
    checkpointing: false,
    largest: { prompts: 1, samples: 4, tokens: 2 },
    hooks: noHooks,
    note: 'test',
  })
  const gradients = engine.part(Learning).gradients()
  const { width } = policy.architecture
  const ofZero = ((gradients.get('lm_head.weight') as Tensor).arraySync() as number[][])[zero] as number[]
  tf.dispose([...gradients.values()])
  disposePolicy(policy)
  // The loss is negative, and z = sqrt(width) w.
  const found = ofZero.slice(0, 3).map(gradient => -gradient / Math.sqrt(width))
  for (const [state, value] of found.entries()) {
    assert.ok(Math.abs(value - (expected[state] as number)) < 1e-4, `${found} and ${expected}`)
  }
})

test('sampling reports log-probabilities and entropy of the distribution that it samples', async () => {
  const policy = policyOfThreeStates()
  const { uniform } = stream(1, 'temperature')
  const prompts = Array.from({ length: 8 }, () => prompt(policy, '+'))
  const rows = await generate({ policy, prompts, uniforms: uniform, maxTokens: 1, chunk: 8, temperature })
  const share = 1 / (1 + Math.exp(-Math.log(3) / temperature))
  const entropy = -share * Math.log(share) - (1 - share) * Math.log(1 - share)
  for (const row of rows) {
    const wanted = row.tokens[0] === prompt(policy, '0')[0] ? share : 1 - share
    assert.ok(Math.abs((row.logProbs[0] as number) - Math.log(wanted)) < 1e-5)
    assert.ok(Math.abs(row.entropy - entropy) < 1e-5)
  }
  disposePolicy(policy)
})

test('policy and reference are compared at the sampling temperature: a policy diverges from itself by 0', async () => {
  const policy = tinyPolicy(3)
  const config = tinyConfig({ rollout: { prompts: 1, samples: 4, maxTokens: 6, chunk: 4, temperature } })
  const item = {
    id: 'a',
    exam: 'e',
    section: 's',
    prompt: '1+2=',
    answer: '3',
    points: 1,
    total: 10,
    weight: 1,
  }
  const sampler = new LocalSampler(policy)
  const { responses } = await rollOut({
    policy: sampler,
    reference: sampler,
    items: [item],
    config,
    step: 1,
    hooks: noHooks,
  })
  for (const { logProbs, referenceLogProbs } of responses) {
    for (const [index, logProb] of logProbs.entries()) {
      assert.ok(Math.abs(logProb - (referenceLogProbs?.[index] as number)) < 1e-5)
    }
  }
  disposePolicy(policy)
})
