/** Several updates with one batch: how a step is cut, what one minibatch changes, and what the metrics of a step say. */

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { StepRecord } from '../../../pipelines/advantages/records.js'
import { disposeEngines } from '../../../pipelines/engine/engine-cache.js'
import { logProbsOf } from '../../../pipelines/engine/log-probabilities.js'
import { createOptimizer, disposeOptimizer } from '../../../pipelines/model/optimizer-state.js'
import { defaultEngine, disposePolicy, type Policy } from '../../../pipelines/model/policy.js'
import { noHooks } from '../../../pipelines/progress.js'
import type { Response } from '../../../pipelines/rollout/response.js'
import { LocalPolicy } from '../../../pipelines/training/local-policy.js'
import { groupsOf, minibatchesOf } from '../../../pipelines/training/minibatches.js'
import { policyGradientStep } from '../../../pipelines/training/policy-gradient.js'
import { prompt, tinyConfig, tinyPolicy } from '../model/tiny-policy.js'
import { valuesIn } from '../model/values-in.js'

after(disposeEngines)

const cut = (options: Partial<Parameters<typeof minibatchesOf>[0]>) =>
  minibatchesOf({ prompts: 10, minibatches: 3, epochs: 2, seed: 1, step: 1, ...options })

test('every epoch has each prompt once, in minibatches whose sizes differ by 1 at most', () => {
  const updates = cut({})
  assert.deepEqual(
    updates.map(({ length }) => length),
    [3, 4, 3, 3, 4, 3],
  )
  for (const epoch of [updates.slice(0, 3), updates.slice(3)]) {
    assert.deepEqual(
      epoch.flat().toSorted((a, b) => a - b),
      Array.from({ length: 10 }, (_, index) => index),
    )
  }
  assert.notDeepEqual(updates.slice(0, 3), updates.slice(3))
})

test('the cut is a function of seed, step and epoch', () => {
  assert.deepEqual(cut({}), cut({}))
  assert.notDeepEqual(cut({ step: 2 }), cut({}))
  assert.notDeepEqual(cut({ seed: 2 }), cut({}))
  assert.deepEqual(cut({ minibatches: 20, epochs: 1 }).length, 10)
})

test('a prompt that comes twice in a row is two groups', () => {
  const of = (itemId: string, sample: number) => ({ itemId, sample })
  assert.deepEqual(groupsOf([of('a', 0), of('a', 1), of('a', 0), of('b', 0), of('b', 1)]), [[0, 1], [2], [3, 4]])
})

/** Two responses to each of four prompts. */
function batch(policy: Policy, advantages: readonly number[]): { responses: Response[]; records: StepRecord[] } {
  const texts = ['7#', '12=', '5', '99#18', '3#3', '0', '44', '5#5']
  const prompts = ['1+2=', '33+66=', '5=', '9+88=']
  const sequences = texts.map((text, index) => ({
    promptTokens: prompt(policy, prompts[index >> 1] as string),
    tokens: [...prompt(policy, text), policy.tokenizer.eosIds[0] as number],
  }))
  const logProbs = logProbsOf(policy, sequences)
  const responses = sequences.map(
    (sequence, index): Response => ({
      itemId: `i${index >> 1}`,
      sample: index % 2,
      ...sequence,
      text: texts[index] as string,
      logProbs: logProbs[index] as number[],
      finish: 'stop',
    }),
  )
  const records = responses.map(
    ({ itemId, sample, tokens }, index): StepRecord => ({
      itemId,
      sample,
      verdict: 'correct',
      value: 0.1 * (index >> 1),
      scale: 1,
      reward: 1,
      advantage: advantages[index] as number,
      length: tokens.length,
    }),
  )
  return { responses, records }
}

interface Made {
  weights: Map<string, number[]>
  metrics: Record<string, number>
  optimizerSteps: number
}

async function stepOf({
  update = {},
  advantages = [1, -0.5, 0.5, 2, -1.5, 0.25, 1, -1],
  keep = () => true,
  before,
  tick = noHooks.tick,
  engine = 'eager',
}: {
  update?: object
  advantages?: readonly number[]
  keep?: (group: number) => boolean
  before?: Record<string, number>
  tick?: typeof noHooks.tick
  engine?: 'eager' | 'recorded'
}): Promise<Made> {
  const policy: Policy = { ...tinyPolicy(), engine: { ...defaultEngine, mode: engine } }
  const { responses, records } = batch(policy, advantages)
  const config = tinyConfig({
    kl: { place: 'none' },
    rollout: { prompts: 4, samples: 2, maxTokens: 6, chunk: 8 },
    update: { optimizer: 'sgd', learningRate: 0.01, ...update },
  })
  const optimizer = createOptimizer(policy, config.update)
  const kept = responses.map((_, index) => index).filter(index => keep(index >> 1))
  try {
    const { metrics } = await policyGradientStep({
      policy: new LocalPolicy({ policy, optimizer }),
      responses: kept.map(index => responses[index] as Response),
      records: kept.map(index => records[index] as StepRecord),
      config,
      step: 3,
      hooks: { tick },
      ...(before === undefined ? {} : { before }),
    })
    return { weights: valuesIn(policy), metrics, optimizerSteps: optimizer.steps }
  } finally {
    disposePolicy(policy)
    disposeOptimizer(optimizer)
  }
}

const gap = (a: Made, b: Made): number =>
  Math.max(
    ...[...a.weights].flatMap(([name, one]) =>
      one.map((value, index) => Math.abs(value - (b.weights.get(name)?.[index] as number))),
    ),
  )

const twoByOne = { ppo: { minibatches: 2, epochs: 1 } }
const firstOfTwo = minibatchesOf({ prompts: 4, minibatches: 2, epochs: 1, seed: 1, step: 3 })[0] as number[]
/** Advantages of the prompts of the first minibatch; the second has none. */
const onlyFirst = [1, -0.5, 0.5, 2, -1.5, 0.25, 1, -1].map((advantage, index) =>
  firstOfTwo.includes(index >> 1) ? advantage : 0,
)

test('the first minibatch takes the step of an update with its responses alone: its ratios are 1', async () => {
  const several = await stepOf({ update: twoByOne, advantages: onlyFirst })
  const alone = await stepOf({ keep: group => firstOfTwo.includes(group) })
  assert.equal(several.optimizerSteps, 1)
  assert.ok(gap(several, alone) < 1e-6, String(gap(several, alone)))
  assert.ok(gap(several, await stepOf({})) > 1e-5)
  assert.equal(several.metrics['policy/clip_fraction'], 0)
})

test('every minibatch of every epoch is one optimizer step, and later ones are clipped where the policy has moved', async () => {
  const free = { ppo: { minibatches: 2, epochs: 3, clipLow: 0.999, clipHigh: 1000 } }
  const tight = { ppo: { minibatches: 2, epochs: 3, clipLow: 0.01, clipHigh: 0.01 } }
  const [wide, narrow] = [await stepOf({ update: free }), await stepOf({ update: tight })]
  for (const one of [wide, narrow]) {
    assert.equal(one.optimizerSteps, 6)
    assert.equal(one.metrics['update/optimizer_steps'], 6)
  }
  assert.equal(wide.metrics['policy/clip_fraction'], 0)
  assert.ok((narrow.metrics['policy/clip_fraction'] as number) > 0.1)
  assert.ok((narrow.metrics['policy/approx_kl'] as number) < (wide.metrics['policy/approx_kl'] as number))
  assert.ok(gap(wide, narrow) > 1e-5)
})

test('recorded and eager engines take the same updates', async () => {
  const update = { ppo: { minibatches: 2, epochs: 2, dualClip: 1.5 }, entropyCoefficient: 0.02, importanceCap: 1.5 }
  const [eager, recorded] = [await stepOf({ update }), await stepOf({ update, engine: 'recorded' })]
  assert.ok(gap(eager, recorded) < 1e-4, String(gap(eager, recorded)))
  assert.deepEqual(await stepOf({ update, engine: 'recorded' }), recorded)
})

test('a minibatch whose advantages are all 0 is left out, and a step of such ones is skipped with every metric', async () => {
  const none = await stepOf({ update: twoByOne, advantages: new Array(8).fill(0) })
  assert.equal(none.optimizerSteps, 0)
  assert.equal(none.metrics['update/skipped'], 1)
  assert.deepEqual(Object.keys(none.metrics), Object.keys((await stepOf({ update: twoByOne })).metrics))
})

test('micro-batches that were halved in one update are so again when the step is made again', async () => {
  const update = { ...twoByOne, microBatch: 4 }
  const again = await stepOf({ update, before: { 'update/micro_batch_2': 2 } })
  assert.equal(again.metrics['update/micro_batch'], undefined)
  assert.equal(again.metrics['update/micro_batch_2'], 2)
})

test('with the entropy in the loss, responses without an advantage are pushed too', async () => {
  const update = { entropyCoefficient: 0.1 }
  const advantages = new Array(8).fill(0)
  const pushed = await stepOf({ update, advantages })
  assert.equal(pushed.metrics['update/skipped'], 0)
  assert.ok(gap(pushed, await stepOf({ advantages })) > 1e-5)
})

test('progress counts the responses of all updates of a step', async () => {
  const seen: (number | undefined)[][] = []
  const tick = async (progress?: { done: number; of: number }) => {
    seen.push([progress?.done, progress?.of])
  }
  await stepOf({ update: { ppo: { minibatches: 2, epochs: 2 }, microBatch: 2 }, tick })
  assert.deepEqual(
    seen,
    Array.from({ length: 8 }, (_, index) => [2 * (index + 1), 16]),
  )
})
