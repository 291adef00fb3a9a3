import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Item } from '../../../pipelines/data/item.js'
import { tf } from '../../../pipelines/graph/tensorflow.js'
import { disposePolicy } from '../../../pipelines/model/policy.js'
import { noHooks } from '../../../pipelines/progress.js'
import { promptsOfStep } from '../../../pipelines/rollout/prompts.js'
import { rollOut } from '../../../pipelines/rollout/roll-out.js'
import { LocalSampler } from '../../../pipelines/sampling/local-sampler.js'
import { tinyConfig, tinyPolicy } from '../model/tiny-policy.js'

const items: Item[] = Array.from({ length: 7 }, (_, index) => ({
  id: `i${index}`,
  exam: 'e',
  section: 'add1',
  prompt: `${index}+${index}=`,
  answer: String(2 * index),
  points: 1,
  total: 10,
  weight: 1,
}))
const config = tinyConfig()

test('every prompt comes once in a pass over the items, and a step is the same whenever it is asked for', () => {
  const of = (step: number, seed = 1) => promptsOfStep({ items, prompts: 3, step, seed }).map(({ id }) => id)
  const ids = Array.from({ length: 14 }, (_, index) => of(index + 1)).flat()
  for (let pass = 0; pass < 6; pass++) {
    assert.deepEqual(
      ids.slice(pass * 7, pass * 7 + 7).sort(),
      items.map(({ id }) => id),
    )
  }
  assert.notDeepEqual(ids.slice(0, 7), ids.slice(7, 14))
  assert.deepEqual(of(5), ids.slice(12, 15))
  assert.notDeepEqual(of(5, 2), of(5, 1))
})

test('responses are grouped by prompt, with their samples in order, and are what the tokens say', async () => {
  const policy = tinyPolicy()
  const step = items.slice(0, 3)
  const rollout = await rollOut({ policy: new LocalSampler(policy), items: step, config, step: 4, hooks: noHooks })
  assert.equal(rollout.step, 4)
  assert.deepEqual(rollout.prompts, ['i0', 'i1', 'i2'])
  assert.deepEqual(
    rollout.responses.map(({ itemId, sample }) => [itemId, sample]),
    step.flatMap(({ id }) => [0, 1, 2, 3].map(sample => [id, sample])),
  )
  for (const [index, { promptTokens, tokens, text, logProbs, finish }] of rollout.responses.entries()) {
    assert.equal(policy.tokenizer.decode(promptTokens), step[Math.floor(index / 4)]?.prompt)
    assert.equal(text, policy.tokenizer.decode(tokens))
    assert.equal(logProbs.length, tokens.length)
    assert.ok(logProbs.every(logProb => logProb <= 0))
    assert.equal(finish === 'stop', tokens.at(-1) === policy.tokenizer.eosIds[0])
  }
  disposePolicy(policy)
})

test('a rollout is the same bits twice, differs from step to step and seed to seed, and leaves no tensor behind', async () => {
  const policy = tinyPolicy()
  const before = tf.memory().numTensors
  const run = (step: number, seed = 1) =>
    rollOut({
      policy: new LocalSampler(policy),
      items: items.slice(0, 3),
      config: { ...config, seed },
      step,
      hooks: noHooks,
    })
  const first = await run(1)
  assert.equal(tf.memory().numTensors, before)
  assert.deepEqual(await run(1), first)
  assert.notDeepEqual((await run(2)).responses, first.responses)
  assert.notDeepEqual((await run(1, 2)).responses, first.responses)
  disposePolicy(policy)
})

test('the samples of a prompt do not depend on the other prompts of the step', async () => {
  const policy = tinyPolicy()
  const run = (others: Item[]) =>
    rollOut({ policy: new LocalSampler(policy), items: [items[0] as Item, ...others], config, step: 1, hooks: noHooks })
  const first = await run(items.slice(1, 3))
  const second = await run(items.slice(4, 6))
  assert.deepEqual(second.responses.slice(0, 4), first.responses.slice(0, 4))
  disposePolicy(policy)
})

test("the reference's log-probabilities are the policy's own where it is its reference, and others otherwise", async () => {
  const policy = tinyPolicy()
  const other = tinyPolicy(2)
  const run = (reference: typeof policy) =>
    rollOut({
      policy: new LocalSampler(policy),
      reference: new LocalSampler(reference),
      items: items.slice(0, 3),
      config,
      step: 1,
      hooks: noHooks,
    })
  // The engine keeps a tensor for each variable that no program has used yet.
  await run(other)
  const before = tf.memory().numTensors
  for (const { logProbs, referenceLogProbs = [] } of (await run(policy)).responses) {
    assert.equal(referenceLogProbs.length, logProbs.length)
    for (const [index, logProb] of logProbs.entries()) {
      assert.ok(Math.abs(logProb - (referenceLogProbs[index] as number)) < 1e-5)
    }
  }
  const gap = (await run(other)).responses[0]
  assert.ok(Math.abs((gap?.logProbs[0] as number) - (gap?.referenceLogProbs?.[0] as number)) > 0.01)
  assert.equal(tf.memory().numTensors, before)
  disposePolicy(policy)
  disposePolicy(other)
})
