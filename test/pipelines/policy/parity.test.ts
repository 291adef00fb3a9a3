/** The decoder against PyTorch: test/fixtures/qwen2-tiny holds weights and what `transformers` computes from them in float32. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { hiddenStates, logitsOf, makeDecoder } from '../../../pipelines/policy/decoder.js'
import { generate } from '../../../pipelines/policy/generate.js'
import { logProbabilities, sequenceBatch } from '../../../pipelines/policy/log-probabilities.js'
import { idsOf, paddedLength, paddingOf, placesOf } from '../../../pipelines/policy/places.js'
import { disposePolicy, type Policy } from '../../../pipelines/policy/policy.js'
import { loadPolicy } from '../../../pipelines/policy/policy-folder.js'
import { type Tensor, tf } from '../../../pipelines/policy/tensorflow.js'
import { tidy } from '../../../pipelines/policy/tidy.js'
import { clipFactor, gradientsOf, normOf } from '../../../pipelines/update/gradients.js'
import { applyGradient, createOptimizer, disposeOptimizer } from '../../../pipelines/update/optimizer.js'
import { fromVector, layoutOf } from '../../../pipelines/update/vector.js'

const folder = 'test/fixtures/qwen2-tiny'

interface Expected {
  encode: { messages: { role: string; content: string }[]; ids: number[]; decoded: string; text: string }[]
  forward: { ids: number[]; last_logits: number[]; greedy_24: number[] }[]
  policy_gradient: {
    prompts: number[][]
    completions: number[][]
    advantages: number[]
    logprobs: number[][]
    loss_value: number
    grad_norms: Record<string, number>
    global_grad_norm: number
    adamw: {
      lr: number
      betas: [number, number]
      eps: number
      weight_decay: number
      clip_global_norm: number
      param_norms_after_one_step: Record<string, number>
      last_logits_16_after_one_step: number[]
    }
  }
}

const expected = JSON.parse(readFileSync(`${folder}/expected.json`, 'utf8')) as Expected
let policy: Policy

before(async () => {
  policy = await loadPolicy(folder)
})
after(() => disposePolicy(policy))

/** Within 1e-4, absolute or relative, as the fixture is written. */
function close(actual: number, wanted: number, what: string): void {
  const gap = Math.abs(actual - wanted)
  assert.ok(gap <= 1e-4 || gap <= 1e-4 * Math.abs(wanted), `${what}: ${actual} is not ${wanted}`)
}

function lastLogits(ids: readonly number[]): number[] {
  const { architecture, tokenizer } = policy
  const logits = tidy(() => {
    const decoder = makeDecoder(policy)
    const columns = paddedLength([ids])
    const padding = paddingOf([ids], columns)
    const { hidden } = hiddenStates({
      decoder,
      ids: idsOf({ prompts: [ids], padding, columns, padId: tokenizer.padId }),
      places: placesOf(architecture, padding, columns),
    })
    return logitsOf(decoder, hidden.slice([columns - 1, 0], [1, -1]))
  })
  const data = Array.from(logits.dataSync() as Float32Array)
  logits.dispose()
  return data
}

test('chat messages become the ids of the Python tokenizer, and ids its text', () => {
  for (const { messages, ids, text } of expected.encode) {
    assert.deepEqual(policy.tokenizer.encodePrompt(messages), ids)
    assert.deepEqual(policy.tokenizer.encode(text), ids)
  }
})

test('logits equal those of PyTorch, padding on the left or not', () => {
  for (const { ids, last_logits: wanted } of expected.forward) {
    lastLogits(ids).forEach((logit, index) => {
      close(logit, wanted[index] as number, `logit ${index}`)
    })
  }
})

test('greedy decoding with the cache gives the tokens of PyTorch', async () => {
  for (const { ids, greedy_24: greedy } of expected.forward) {
    const [row] = await generate({ policy, prompts: [ids], uniforms: () => null, maxTokens: greedy.length, chunk: 4 })
    assert.deepEqual(row?.tokens, greedy.slice(0, row?.tokens.length))
    assert.ok(row?.tokens.length === greedy.length || policy.tokenizer.eosIds.includes(row?.tokens.at(-1) as number))
  }
})

test('log-probabilities, gradients and the weights after one AdamW step equal those of PyTorch', async () => {
  const { prompts, completions, advantages, logprobs, adamw, ...golden } = expected.policy_gradient
  const sequences = prompts.map((promptTokens, row) => ({ promptTokens, tokens: completions[row] as number[] }))
  const batch = tidy(() =>
    sequenceBatch({ sequences, padId: policy.tokenizer.padId, architecture: policy.architecture }),
  )
  const said = tidy(() => logProbabilities(makeDecoder(policy), batch))
  const found = said.arraySync() as number[][]
  said.dispose()
  logprobs.forEach((row, index) => {
    row.forEach((wanted, token) => {
      close((found[index] as number[])[token] as number, wanted, `log-probability ${index}, ${token}`)
    })
  })
  const { value, gradient } = gradientsOf(policy.weights, (weights): Tensor => {
    const logProbs = logProbabilities(makeDecoder({ architecture: policy.architecture, weights }), batch)
    const tokens = completions.reduce((sum, row) => sum + row.length, 0)
    return logProbs
      .mul(tf.tensor2d(advantages.map(advantage => [advantage])))
      .sum()
      .div(-tokens)
  })
  close(value.dataSync()[0] as number, golden.loss_value, 'loss')
  const gradients = tidy(() => fromVector(gradient, layoutOf(policy.weights)))
  for (const [name, norm] of Object.entries(golden.grad_norms)) {
    close(normOf(gradients.get(name) as Tensor), norm, `gradient of ${name}`)
  }
  const norm = normOf(gradient)
  close(norm, golden.global_grad_norm, 'global norm')

  const optimizer = createOptimizer(policy, { optimizer: 'adamw' })
  const settings = { learningRate: adamw.lr, betas: adamw.betas, epsilon: adamw.eps, weightDecay: adamw.weight_decay }
  applyGradient({ policy, optimizer, gradient, settings, factor: clipFactor(norm, adamw.clip_global_norm) })
  for (const [name, wanted] of Object.entries(adamw.param_norms_after_one_step)) {
    close(normOf(policy.weights.get(name) as Tensor), wanted, `weight ${name}`)
  }
  const logits = lastLogits(expected.forward[0]?.ids as number[])
  adamw.last_logits_16_after_one_step.forEach((wanted, index) => {
    close(logits[index] as number, wanted, `logit ${index} after the step`)
  })
  tf.dispose([...gradients.values(), gradient])
  disposeOptimizer(optimizer)
  value.dispose()
})
