import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { EngineConfig } from '../../../pipelines/config/schema.js'
import { disposeEngines } from '../../../pipelines/engine/engine-cache.js'
import { logProbsOf } from '../../../pipelines/engine/log-probabilities.js'
import { GraphDef } from '../../../pipelines/graph/graph-def.js'
import { createAdapter } from '../../../pipelines/model/adapter.js'
import { defaultEngine, disposePolicy } from '../../../pipelines/model/policy.js'
import { stream } from '../../../pipelines/random.js'
import { generate } from '../../../pipelines/sampling/generate.js'
import { prompt, tinyPolicy } from '../model/tiny-policy.js'
import { type TrainingRun, trainingRun, type WeightsAfter } from './training-run.js'

const recorded = { ...defaultEngine, mode: 'recorded' } as const
const eager = { ...defaultEngine, mode: 'eager' } as const
// A process that ends with graphs loaded may end by a signal of TensorFlow's threads.
after(disposeEngines)

function near(a: TrainingRun, b: TrainingRun): void {
  assert.deepEqual(a.tokens, b.tokens)
  for (const [step, loss] of a.losses.entries())
    assert.ok(Math.abs(loss - (b.losses[step] as number)) < 1e-6, `loss of step ${step}`)
  for (const [name, values] of Object.entries(a.weights)) {
    for (const [place, value] of values.entries()) {
      assert.ok(Math.abs(value - (b.weights[name]?.[place] as number)) < 1e-5, `${name} ${place}`)
    }
  }
}

/** The first steps of one run of ten, which several tests compare with others. */
const tenSteps = { recorded: longRun(recorded), eager: longRun(eager) }
function longRun(engine: EngineConfig): (steps: number) => Promise<TrainingRun> {
  const weightsAfter: WeightsAfter = new Map()
  let whole: Promise<TrainingRun> | undefined
  return async steps => {
    whole ??= trainingRun({ engine, steps: 10, weightsAfter })
    const { tokens, losses } = await whole
    const weights = weightsAfter.get(steps)
    assert.ok(weights !== undefined)
    return { tokens: tokens.slice(0, steps), losses: losses.slice(0, steps), weights }
  }
}

test('recorded equals eager over 10 steps: the same tokens, losses to 1e-6, weights to 1e-5', async () => {
  near(await tenSteps.recorded(10), await tenSteps.eager(10))
})

test('lanes change no tokens, and losses and weights by rounding only', async () => {
  near(await trainingRun({ engine: { ...recorded, lanes: 2 }, steps: 5 }), await tenSteps.recorded(5))
})

for (const engine of [recorded, eager]) {
  test(`layers that are computed again in the backward pass give the same gradients, ${engine.mode}`, async () => {
    near(await trainingRun({ engine, steps: 3, checkpointing: true }), await tenSteps[engine.mode](3))
  })
}

test('a recorded run gives the same bits in another process, and again in this one', async () => {
  const program = fileURLToPath(new URL('./training-run.js', import.meta.url))
  const elsewhere = execFileSync(process.execPath, [program], { encoding: 'utf8', maxBuffer: 2 ** 26 })
  for (let time = 0; time < 2; time++)
    assert.equal(JSON.stringify(await trainingRun({ engine: { ...recorded, lanes: 2 }, steps: 5 })), elsewhere)
})

test('the constants of a graph do not grow with the number of rows, for sampling and learning', async () => {
  const original = GraphDef.prototype.constant
  const largest = async (rows: number): Promise<number> => {
    let max = 0
    GraphDef.prototype.constant = function (constant) {
      max = Math.max(max, constant.values.length)
      return original.call(this, constant)
    }
    // Only some projections have an adapter: zeros of the size of their outputs replace the missing ones.
    const targets = ['q_proj', 'gate_proj'] as const
    const policy = { ...tinyPolicy(), engine: recorded }
    policy.adapter = createAdapter({ architecture: policy.architecture, rank: 2, alpha: 2, targets, seed: 1 })
    try {
      const prompts = Array.from({ length: rows }, () => prompt(policy, '1+2='))
      await generate({ policy, prompts, uniforms: () => 0.5, maxTokens: 6, chunk: rows })
      logProbsOf(
        policy,
        prompts.map(promptTokens => ({ promptTokens, tokens: [1, 2, 3] })),
      )
    } finally {
      GraphDef.prototype.constant = original
      disposePolicy(policy)
      disposeEngines()
    }
    return max
  }
  assert.equal(await largest(16), await largest(2))
})

test('two policies that take turns on one engine keep their weights apart', async () => {
  const [one, other] = [tinyPolicy(1), tinyPolicy(2)]
  const sequences = [{ promptTokens: prompt(one, '1+2='), tokens: prompt(one, '7#3') }]
  const alone = [logProbsOf(one, sequences), logProbsOf(other, sequences)]
  for (let turn = 0; turn < 3; turn++) {
    assert.deepEqual([logProbsOf(one, sequences), logProbsOf(other, sequences)], alone)
  }
  assert.notDeepEqual(alone[0], alone[1])
  disposePolicy(one)
  disposePolicy(other)
})

test('a policy that generates during a generation of another policy does not change the tokens of the latter', async () => {
  const [one, other] = [tinyPolicy(1), tinyPolicy(2)]
  const { uniform } = stream(11, 'turns')
  const options = (policy: typeof one, rows: number) => ({
    policy,
    prompts: Array.from({ length: rows }, (_, row) => prompt(policy, `${row}+2=`)),
    uniforms: uniform,
    maxTokens: 24,
    chunk: rows,
  })
  const alone = await generate(options(one, 6))
  let between = 0
  const tick = async () => {
    between++
    await generate(options(other, 3))
  }
  assert.deepEqual(await generate({ ...options(one, 6), hooks: { tick } }), alone)
  assert.ok(between > 1)
  disposePolicy(one)
  disposePolicy(other)
})

// A decoding records a graph for every number of slots and columns, so the policy has one layer, and the other decoding is eager.
for (const { what, rows, samples = 1, maxTokens, slots, lanes = 1 } of [
  { what: 'waiting sequences that take the slots of ended ones', rows: 23, maxTokens: 19, slots: [4, 23] },
  { what: 'slots that are halved as sequences end', rows: 12, maxTokens: 48, slots: [8, 3] },
  { what: 'slots that are halved lane by lane', rows: 20, maxTokens: 48, slots: [16, 3], lanes: 2 },
  { what: 'slots that share their prompts', rows: 24, samples: 4, maxTokens: 19, slots: [24, 5] },
  { what: 'slots that share their prompts until they are halved', rows: 8, samples: 4, maxTokens: 48, slots: [8, 5] },
  {
    what: 'slots that share their prompts lane by lane',
    rows: 16,
    samples: 8,
    maxTokens: 48,
    slots: [16, 3],
    lanes: 2,
  },
] as { what: string; rows: number; samples?: number; maxTokens: number; slots: [number, number]; lanes?: number }[]) {
  test(`${what} do not change any tokens`, async () => {
    const policy = { ...tinyPolicy(1, 1), engine: { ...recorded, lanes } }
    const { uniform } = stream(11, 'slots')
    const prompts = Array.from({ length: rows }, (_, row) => {
      const number = Math.floor(row / samples)
      return prompt(policy, samples === 1 ? `${number % 7}+${number % 3}=` : `${10 ** (number % 3)}+${number}=`)
    })
    const options = { prompts, uniforms: uniform, maxTokens }
    const one = await generate({ ...options, policy, chunk: slots[0] })
    const few = { ...tinyPolicy(1, 1), engine: eager }
    const other = await generate({ ...options, policy: few, chunk: slots[1] })
    assert.ok(new Set(one.map(({ tokens }) => tokens.length)).size > 4)
    assert.deepEqual(
      one.map(({ tokens }) => tokens),
      other.map(({ tokens }) => tokens),
    )
    for (const [row, { logProbs }] of one.entries()) {
      for (const [place, value] of logProbs.entries()) {
        assert.ok(Math.abs(value - (other[row]?.logProbs[place] as number)) < 1e-5)
      }
    }
    disposePolicy(few)
    disposePolicy(policy)
  })
}
