/**
 * An adapter against PyTorch: test/fixtures/lora-tiny holds an adapter of qwen2-tiny that `peft` wrote, and
 * what `peft` computes with it in float32 (make.py there). Sampling adds the adapter to the weights, W + (alpha
 * / rank) B A; learning keeps it separate.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { loadAdapter } from '../../../pipelines/checkpoint/adapter-file.js'
import { loadPolicy } from '../../../pipelines/checkpoint/policy-folder.js'
import { defaultEngine, disposePolicy, type Policy } from '../../../pipelines/model/policy.js'
import { allClose, close, type GoldenBatch, goldenUpdate, lastLogits, withEveryIdDrawn } from './golden.js'

interface Expected {
  ids: number[]
  last_logits: number[]
  loss: number
  logprobs: number[][]
  gradient_norms: Record<string, number>
  global_gradient_norm: number
  adamw: {
    learning_rate: number
    betas: [number, number]
    epsilon: number
    weight_decay: number
    norms_after_one_step: Record<string, number>
    last_logits_16_after_one_step: number[]
  }
}

const base = 'test/fixtures/qwen2-tiny'
const folder = 'test/fixtures/lora-tiny'
const read = <Content>(path: string) => JSON.parse(readFileSync(path, 'utf8')) as Content
const batch = read<{ policy_gradient: GoldenBatch }>(`${base}/expected.json`).policy_gradient
const expected = read<Expected>(`${folder}/expected.json`)

for (const mode of ['recorded', 'eager'] as const) {
  let policy: Policy

  before(async () => {
    policy = withEveryIdDrawn(await loadPolicy(base, { ...defaultEngine, mode }))
    policy.adapter = await loadAdapter({ folder, architecture: policy.architecture })
  })
  after(() => disposePolicy(policy))

  test(`logits with the adapter added to the weights equal those of peft, ${mode}`, () => {
    allClose(lastLogits(policy, [expected.ids])[0] as Float32Array, expected.last_logits, 'logit')
  })

  test(`log-probabilities, loss, gradients and A and B after a step of AdamW equal those of peft, ${mode}`, async () => {
    const { learning_rate: learningRate, betas, epsilon, weight_decay: weightDecay, ...golden } = expected.adamw
    const settings = { learningRate, betas, epsilon, weightDecay, clipNorm: Number.POSITIVE_INFINITY }
    const update = await goldenUpdate(policy, batch, settings)
    for (const [row, wanted] of expected.logprobs.entries())
      allClose(update.logProbs[row] as number[], wanted, `log-probability ${row},`)
    close(update.loss, expected.loss, 'loss')
    assert.deepEqual([...update.gradientNorms.keys()].sort(), Object.keys(expected.gradient_norms).sort())
    for (const [name, wanted] of Object.entries(expected.gradient_norms))
      close(update.gradientNorms.get(name), wanted, `gradient of ${name}`)
    close(update.globalNorm, expected.global_gradient_norm, 'global norm')
    for (const [name, wanted] of Object.entries(golden.norms_after_one_step))
      close(update.normsAfter.get(name), wanted, `adapter ${name}`)
    allClose(
      lastLogits(policy, [expected.ids])[0] as Float32Array,
      golden.last_logits_16_after_one_step,
      'logit after the step,',
    )
  })
}
