import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { costOf, workOf } from '../../../commands/plan/cost.js'
import { decoderWeights } from '../../../commands/plan/policy-size.js'
import { experimentPlan, sweepPlan } from '../plans.js'

const none = { train: 0, test: 0, transfer: 0 }

test('responses are counted from steps, prompts, samples and evaluations, the last step always evaluated', () => {
  const parts = { steps: 50, rollout: { prompts: 4, samples: 8, maxTokens: 10 }, evaluation: { every: 20, samples: 3 } }
  const { responses, tokens, experiments } = costOf(experimentPlan('one', parts), { ...none, test: 100 })
  assert.equal(experiments, 1)
  assert.equal(responses.trained, 50 * 4 * 8)
  // Before training, at 20, 40 and 50.
  assert.equal(responses.evaluated, 4 * 100 * (1 + 3))
  assert.equal(tokens.trained, 50 * 4 * 8 * 10)
})

test('a sweep counts every arm with every seed, and a warm start once a seed where arms share it', () => {
  const one = costOf(experimentPlan('one'), { ...none, test: 1600 })
  const sweep = costOf(sweepPlan('exam'), { ...none, test: 1600 })
  assert.equal(sweep.experiments, 6)
  assert.equal(sweep.responses.trained, 6 * one.responses.trained)
  assert.equal(sweep.warmStarts, 3)
  assert.equal(sweep.tokens.warmStart, 3 * one.tokens.warmStart)
})

test('questions to a judge are those of what it decides', () => {
  const parts = { steps: 50, rollout: { prompts: 4, samples: 8 }, evaluation: { every: 20, samples: 3 } }
  const judge = { url: 'http://127.0.0.1:1/v1', model: 'm' }
  const judged = (more: object) => costOf(experimentPlan('one', { ...parts, ...more }), { ...none, test: 100 }).judged
  assert.equal(judged({}), 0)
  assert.equal(judged({ judge: { ...judge, decides: 'evaluation' } }), 4 * 100 * (1 + 3))
  assert.equal(judged({ judge }), 4 * 100 * (1 + 3) + 50 * 4 * 8)
})

test('the decoder of the default has about 105,000 weights less its embeddings', () => {
  const { policy } = sweepPlan('exam').arms[0]?.config ?? {}
  assert.ok(policy?.from === 'scratch')
  // 2 layers of 4 * 64 * 64 for attention and 3 * 64 * 168 for the MLP.
  assert.equal(decoderWeights(policy), 2 * (4 * 64 * 64 + 3 * 64 * 168))
})

test('no time is given for a checkpoint that cannot be read here', () => {
  const plan = experimentPlan('one', { policy: { from: 'checkpoint', path: '/models/some' } })
  assert.equal(costOf(plan, { ...none, test: 10 }).seconds, undefined)
})

// 36 steps of SmolLM2-135M took 6.4 to 8 min of a core, a warm start of 50 steps 3 min, 1,000 responses 1 min (docs/experiments.md).
test('the time of a checkpoint follows from its config.json, and is that of the study within a factor of 4', () => {
  const path = mkdtempSync(join(tmpdir(), 'rlev-test-size-'))
  const shape = { hidden_size: 576, intermediate_size: 1536, num_hidden_layers: 30, num_attention_heads: 9 }
  const rest = { num_key_value_heads: 3, vocab_size: 49152, max_position_embeddings: 8192, tie_word_embeddings: true }
  writeFileSync(
    join(path, 'config.json'),
    JSON.stringify({ model_type: 'llama', ...shape, ...rest, rms_norm_eps: 1e-5 }),
  )
  const policy = { from: 'checkpoint', path, warmStart: { steps: 50, batch: 16 } }
  const rollout = { prompts: 16, samples: 4, maxTokens: 24, chunk: 64 }
  const parts = { steps: 36, policy, rollout, evaluation: { every: 12, samples: 4, chunk: 100 } }
  const plan = experimentPlan('one', parts)
  assert.ok(plan.kind === 'experiment')
  const { training, shared } = workOf(plan.config, { ...none, test: 200 }) ?? { training: 0, shared: [] }
  const took = { training: 36 * 12 + 3 * 60, shared: 180 + 60 }
  for (const [said, seen] of [
    [training, took.training],
    [shared[0]?.seconds ?? 0, took.shared],
  ] as const) {
    assert.ok(said > seen / 4 && said < 4 * seen, `${said} s said, ${seen} s seen`)
  }
})

test('further test sets are evaluated before training and after it, however often the exam is', () => {
  const parts = { steps: 50, evaluation: { every: 10, samples: 3 } }
  const evaluated = (transfer: number) => costOf(experimentPlan('one', parts), { ...none, test: 100, transfer })
  assert.equal(evaluated(70).responses.evaluated - evaluated(0).responses.evaluated, 2 * 70 * (1 + 3))
  assert.ok((evaluated(70).seconds ?? 0) > (evaluated(0).seconds ?? 0))
  const untrained = experimentPlan('one', { ...parts, steps: 0 })
  assert.equal(costOf(untrained, { ...none, transfer: 70 }).responses.evaluated, 70 * (1 + 3))
})

test('a score predictor says the score of every training item, once a seed where arms share it', () => {
  const predicted = (predictor: object) => ({ value: { ablation: 'predicted', predictor } })
  const items = { ...none, train: 300, test: 10 }
  const few = costOf(experimentPlan('one', predicted({ labelled: 0.1, maxTokens: 5 })), items)
  const all = costOf(experimentPlan('one', predicted({ maxTokens: 5 })), items)
  assert.equal(all.predictors, 1)
  assert.equal(all.responses.predicted, 300)
  assert.equal(all.tokens.predicted, 1500)
  assert.ok((all.seconds ?? 0) > (few.seconds ?? 0))
  const without = costOf(experimentPlan('one'), items)
  assert.deepEqual([without.predictors, without.responses.predicted], [0, 0])
})

test('two experiments at a time take half the time, and more at a time no less', () => {
  const seconds = (concurrency: number) => {
    const plan = sweepPlan('exam')
    return costOf({ ...plan, settings: { ...plan.settings, concurrency } }, { ...none, test: 1600 }).seconds ?? 0
  }
  assert.ok(Math.abs(seconds(1) - 2 * seconds(2)) < 1e-9)
  assert.equal(seconds(8), seconds(2))
})
