/**
 * An adapter against PyTorch: test/fixtures/lora-tiny holds one that `peft` wrote over qwen2-tiny, and what it computes with it
 * in float32 (make.py there). The weights with the adapter multiplied out, W + (alpha / rank) B A, give every number of it.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { Adapter } from '../../../pipelines/policy/adapter.js'
import { loadAdapter } from '../../../pipelines/policy/adapter-file.js'
import { hiddenStates, logitsOf, makeDecoder, type Weights } from '../../../pipelines/policy/decoder.js'
import { logProbabilities, sequenceBatch } from '../../../pipelines/policy/log-probabilities.js'
import { idsOf, paddedLength, paddingOf, placesOf } from '../../../pipelines/policy/places.js'
import { disposePolicy, type Policy } from '../../../pipelines/policy/policy.js'
import { loadPolicy } from '../../../pipelines/policy/policy-folder.js'
import { type Tensor, tf } from '../../../pipelines/policy/tensorflow.js'
import { tidy } from '../../../pipelines/policy/tidy.js'

interface Golden {
  policy_gradient: { prompts: number[][]; completions: number[][]; advantages: number[] }
}
interface Expected {
  ids: number[]
  last_logits: number[]
  loss: number
  logprobs: number[][]
  gradient_norms: Record<string, number>
  global_gradient_norm: number
}

const base = 'test/fixtures/qwen2-tiny'
const folder = 'test/fixtures/lora-tiny'
const read = <Content>(path: string) => JSON.parse(readFileSync(path, 'utf8')) as Content
const { prompts, completions, advantages } = read<Golden>(`${base}/expected.json`).policy_gradient
const expected = read<Expected>(`${folder}/expected.json`)
let policy: Policy
let adapter: Adapter

before(async () => {
  policy = await loadPolicy(base)
  adapter = await loadAdapter({ folder, architecture: policy.architecture })
  policy.adapter = adapter
})
after(() => disposePolicy(policy))

function close(found: number, wanted: number, what: string): void {
  assert.ok(Math.abs(found - wanted) <= 1e-6 + 1e-4 * Math.abs(wanted), `${what}: ${found} is not ${wanted}`)
}

/** The base's weights, with the adapter's tensors, given by the same names, multiplied into them. */
function multipliedOut(tensors: ReadonlyMap<string, Tensor>): Weights {
  const merged = new Map(policy.weights)
  for (const [name, narrow] of tensors) {
    if (!name.endsWith('.lora_A.weight')) continue
    const at = name.slice(0, -'.lora_A.weight'.length)
    const wide = tensors.get(`${at}.lora_B.weight`) as Tensor
    const change = tf.matMul(wide, narrow).mul(adapter.alpha / adapter.rank)
    merged.set(`${at}.weight`, (policy.weights.get(`${at}.weight`) as Tensor).add(change))
  }
  return merged
}

test('logits with the adapter multiplied out equal those of peft', () => {
  const { ids, last_logits: wanted } = expected
  const { architecture, tokenizer } = policy
  const logits = tidy(() => {
    const decoder = makeDecoder({ architecture, weights: multipliedOut(adapter.tensors) })
    const columns = paddedLength([ids])
    const padding = paddingOf([ids], columns)
    const { hidden } = hiddenStates({
      decoder,
      ids: idsOf({ prompts: [ids], padding, columns, padId: tokenizer.padId }),
      places: placesOf(architecture, padding, columns),
    })
    return logitsOf(decoder, hidden.slice([columns - 1, 0], [1, -1]))
  })
  const found = logits.dataSync() as Float32Array
  logits.dispose()
  assert.equal(found.length, wanted.length)
  for (const [index, logit] of found.entries()) close(logit, wanted[index] as number, `logit ${index}`)
})

test('log-probabilities, loss and the gradients of A and B equal those of peft', () => {
  const sequences = prompts.map((promptTokens, row) => ({ promptTokens, tokens: completions[row] as number[] }))
  const { architecture, tokenizer } = policy
  const tokens = completions.reduce((sum, row) => sum + row.length, 0)
  const names = [...adapter.tensors.keys()]
  const { value, norms, said } = tidy(() => {
    const batch = sequenceBatch({ sequences, padId: tokenizer.padId, architecture })
    const logProbsUnder = (tensors: ReadonlyMap<string, Tensor>) =>
      logProbabilities(makeDecoder({ architecture, weights: multipliedOut(tensors) }), batch)
    const { value, grads } = tf.valueAndGrads(
      (...tensors) =>
        logProbsUnder(new Map(names.map((name, index) => [name, tensors[index] as Tensor])))
          .mul(tf.tensor2d(advantages.map(advantage => [advantage])))
          .sum()
          .div(-tokens) as never,
    )([...adapter.tensors.values()])
    return {
      value: value as Tensor,
      norms: grads.map(gradient => gradient.norm()),
      said: logProbsUnder(adapter.tensors),
    }
  })
  close(value.dataSync()[0] as number, expected.loss, 'loss')
  const found = said.arraySync() as number[][]
  for (const [row, wanted] of expected.logprobs.entries()) {
    for (const [token, logProb] of wanted.entries()) {
      close((found[row] as number[])[token] as number, logProb, `log-probability ${row}, ${token}`)
    }
  }
  const numbers = norms.map(norm => norm.dataSync()[0] as number)
  for (const [index, name] of names.entries()) {
    close(numbers[index] as number, expected.gradient_norms[name] as number, `gradient of ${name}`)
  }
  close(Math.hypot(...numbers), expected.global_gradient_norm, 'global norm')
  tf.dispose([value, said, ...norms])
})
