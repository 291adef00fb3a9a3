/**
 * The policy against PyTorch, with both engines: `expected.json` has what `transformers` computes in float32
 * from the same checkpoint (test/fixtures/make.py). Fixtures are the folders of test/fixtures with an
 * `expected.json`, and those that RLEV_FIXTURES lists (fixtures or folders of fixtures, separated by colons).
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { loadPolicy } from '../../../pipelines/checkpoint/policy-folder.js'
import type { EngineConfig } from '../../../pipelines/config/schema.js'
import { disposeEngines } from '../../../pipelines/engine/engine-cache.js'
import { defaultEngine, disposePolicy, type Policy } from '../../../pipelines/model/policy.js'
import { generate } from '../../../pipelines/sampling/generate.js'
import { allClose, close, goldenUpdate, lastLogits, withEveryIdDrawn } from './golden.js'

interface Expected {
  encode: { messages: { role: string; content: string }[]; ids: number[]; text: string }[]
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

const isFixture = (folder: string): boolean =>
  existsSync(join(folder, 'expected.json')) && existsSync(join(folder, 'config.json'))

/** The folder if it is a fixture, else the fixtures in it. */
function fixturesAt(place: string): string[] {
  if (isFixture(place)) return [place]
  const inside = (existsSync(place) ? readdirSync(place).sort() : []).map(name => join(place, name)).filter(isFixture)
  if (inside.length === 0) throw new Error(`${place} holds no checkpoint with an expected.json beside it`)
  return inside
}

const named = (process.env['RLEV_FIXTURES'] ?? '').split(':').filter(place => place !== '')
const folders = ['test/fixtures', ...named].flatMap(fixturesAt)
const engines: Record<EngineConfig['mode'], EngineConfig> = {
  recorded: { ...defaultEngine, mode: 'recorded' },
  eager: { ...defaultEngine, mode: 'eager' },
}

async function withPolicy(folder: string, engine: EngineConfig, use: (policy: Policy) => unknown): Promise<void> {
  const policy = withEveryIdDrawn(await loadPolicy(folder, engine))
  try {
    await use(policy)
  } finally {
    disposePolicy(policy)
    disposeEngines()
  }
}

for (const folder of folders) {
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected
  const of = `${basename(folder)}:`

  test(`${of} chat messages become the ids of the Python tokenizer, and so does their text`, async () => {
    await withPolicy(folder, engines.eager, async ({ tokenizer }) => {
      for (const { messages, ids, text } of expected.encode) {
        assert.deepEqual(await tokenizer.encodePrompt(messages), ids)
        assert.deepEqual(tokenizer.encode(text), ids)
      }
    })
  })

  for (const [mode, engine] of Object.entries(engines)) {
    test(`${of} logits and greedy tokens equal those of PyTorch, ${mode}`, async () => {
      await withPolicy(folder, engine, async policy => {
        const found = lastLogits(
          policy,
          expected.forward.map(({ ids }) => ids),
        )
        for (const [index, { ids, last_logits: logits }] of expected.forward.entries())
          allClose(found[index] as Float32Array, logits, `logit after ${ids.length} tokens,`)
        const wanted = expected.forward.map(({ greedy_24: tokens }) => {
          const end = tokens.findIndex(token => policy.tokenizer.eosIds.includes(token))
          return end === -1 ? tokens : tokens.slice(0, end + 1)
        })
        const rows = await generate({
          policy,
          prompts: expected.forward.map(({ ids }) => ids),
          uniforms: () => null,
          maxTokens: Math.max(...expected.forward.map(({ greedy_24: tokens }) => tokens.length)),
          chunk: 2,
        })
        assert.deepEqual(
          rows.map(({ tokens }) => tokens),
          wanted,
        )
      })
    })

    test(`${of} log-probabilities, gradients and weights after a step of AdamW equal those of PyTorch, ${mode}`, async () => {
      const { logprobs, loss_value, grad_norms, global_grad_norm, adamw, ...batch } = expected.policy_gradient
      await withPolicy(folder, engine, async policy => {
        const update = await goldenUpdate(policy, batch, {
          learningRate: adamw.lr,
          betas: adamw.betas,
          epsilon: adamw.eps,
          weightDecay: adamw.weight_decay,
          clipNorm: adamw.clip_global_norm,
        })
        for (const [row, wanted] of logprobs.entries())
          allClose(update.logProbs[row] as number[], wanted, `log-probability ${row},`)
        close(update.loss, loss_value, 'loss')
        assert.deepEqual([...update.gradientNorms.keys()].sort(), Object.keys(grad_norms).sort())
        for (const [name, wanted] of Object.entries(grad_norms))
          close(update.gradientNorms.get(name), wanted, `gradient of ${name}`)
        close(update.globalNorm, global_grad_norm, 'global norm')
        for (const [name, wanted] of Object.entries(adamw.param_norms_after_one_step))
          close(update.normsAfter.get(name), wanted, `weight ${name}`)
        allClose(
          lastLogits(policy, [expected.forward[0]?.ids as number[]])[0] as Float32Array,
          adamw.last_logits_16_after_one_step,
          'logit after the step,',
        )
      })
    })
  }
}
