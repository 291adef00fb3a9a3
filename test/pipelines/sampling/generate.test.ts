/** Generation: rows that depend on nothing beside them, and numbers that are those of one pass over the whole sequence. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import { disposeEngines } from '../../../pipelines/engine/engine-cache.js'
import { logProbsOf } from '../../../pipelines/engine/log-probabilities.js'
import { RlevError } from '../../../pipelines/errors.js'
import { tf } from '../../../pipelines/graph/tensorflow.js'
import { createPolicy, defaultEngine, disposePolicy, type Policy } from '../../../pipelines/model/policy.js'
import { stream } from '../../../pipelines/random.js'
import { type GenerateOptions, generate } from '../../../pipelines/sampling/generate.js'
import { changeWeight, prompt, tinyConfig, tinyPolicy as tinyPolicyOf } from '../model/tiny-policy.js'

/** Operation by operation, unless a test is about recorded graphs: every shape and kind of drawing would record some. */
const eager = { ...defaultEngine, mode: 'eager' } as const
const recorded = { ...defaultEngine, mode: 'recorded' } as const

function tinyPolicy(seed = 1, engine: Policy['engine'] = eager): Policy {
  return { ...tinyPolicyOf(seed), engine }
}

const { policy: scratch } = tinyConfig() as { policy: Extract<ExperimentConfig['policy'], { from: 'scratch' }> }
const policy = tinyPolicy()
const { uniform } = stream(7, 'test')
const prompts = ['1+2=', '12+34=', '5=', '123+456=7#8', '9+9=', '88+1='].map(text => prompt(policy, text))
after(() => {
  disposePolicy(policy)
  disposeEngines()
})

/**
 * Number of tensors in this process, without those of engines, which are kept for the next policy of their
 * shape.
 */
function tensors(): number {
  disposeEngines()
  return tf.memory().numTensors
}

function sample(options: Partial<GenerateOptions> = {}) {
  return generate({ policy, prompts, uniforms: uniform, maxTokens: 7, chunk: 4, ...options })
}

test('log-probabilities of decoding with the cache equal those of one pass over the whole sequence', async () => {
  for (const uniforms of [uniform, () => null]) {
    const generated = await sample({ uniforms })
    const sequences = generated.map(({ tokens }, row) => ({ promptTokens: prompts[row] as number[], tokens }))
    const whole = logProbsOf(policy, sequences)
    for (const [row, { logProbs }] of generated.entries()) {
      for (const [position, logProb] of logProbs.entries()) {
        assert.ok(Math.abs(logProb - (whole[row]?.[position] as number)) < 1e-5, `row ${row}, position ${position}`)
      }
    }
  }
})

for (const matrices of ['float32', 'bfloat16'] as const) {
  test(`large matrices are packed: log-probabilities in ${matrices} equal those of one pass`, async () => {
    const config = { ...scratch, width: 512, mlpWidth: 512, initDeviation: 0.05 }
    const large = createPolicy({ config, alphabet: [...'0123456789+=#'], seed: 2 })
    const packing = { ...large, engine: { ...recorded, matrices } }
    const generated = await sample({ policy: packing, maxTokens: 4 })
    const sequences = generated.map(({ tokens }, row) => ({ promptTokens: prompts[row] as number[], tokens }))
    const whole = logProbsOf(packing, sequences)
    // Products of both round to the same numbers, but sum them in another order.
    const tolerance = matrices === 'float32' ? 2e-5 : 0.1
    for (const [row, { logProbs }] of generated.entries()) {
      for (const [position, logProb] of logProbs.entries()) {
        const difference = Math.abs(logProb - (whole[row]?.[position] as number))
        assert.ok(difference < tolerance, `row ${row}, position ${position}: ${difference}`)
      }
    }
    disposePolicy(packing)
  })
}

for (const [kind, options] of Object.entries({
  sampled: {},
  greedy: { uniforms: () => null },
  'greedy and sampled': { uniforms: (row, position) => (row % 2 === 0 ? null : uniform(row, position)) },
  'sampled at a temperature, with P(EOS)': { temperature: 1.5, eosProbabilities: true },
} as Record<string, Partial<GenerateOptions>>)) {
  test(`recorded equals eager for rows that are ${kind}`, async () => {
    const other = tinyPolicy(1, recorded)
    const [one, two] = [await sample({ ...options, policy: other }), await sample(options)]
    disposePolicy(other)
    for (const [row, { logProbs, entropy, eosProbabilities = [], ...drawn }] of one.entries()) {
      const { logProbs: wanted = [], entropy: sum = 0, eosProbabilities: ends = [], ...same } = two[row] ?? {}
      assert.deepEqual(drawn, same)
      for (const [a, b] of [
        [
          [...logProbs, ...eosProbabilities],
          [...wanted, ...ends],
        ],
        [[entropy], [sum]],
      ] as [number[], number[]][]) {
        assert.equal(a.length, b.length)
        for (const [index, number] of a.entries()) assert.ok(Math.abs(number - (b[index] as number)) < 1e-5)
      }
    }
  })
}

for (const engine of [recorded, eager]) {
  test(`equal calls give equal bits, and leave no tensors behind, ${engine.mode}`, async () => {
    const own = tinyPolicy(1, engine)
    const before = tensors()
    const first = await sample({ policy: own, eosProbabilities: true })
    assert.equal(tensors(), before)
    assert.deepEqual(await sample({ policy: own, eosProbabilities: true }), first)
    disposePolicy(own)
  })
}

test('a response ends with the end-of-sequence token or at the limit', async () => {
  const eosId = policy.tokenizer.eosIds[0] as number
  const rows = await sample({ prompts: Array.from({ length: 60 }, () => prompts[0] as number[]), maxTokens: 9 })
  assert.ok(rows.some(({ finish }) => finish === 'stop') && rows.some(({ finish }) => finish === 'length'))
  for (const { tokens, logProbs, finish } of rows) {
    assert.equal(logProbs.length, tokens.length)
    assert.equal(tokens.indexOf(eosId), finish === 'stop' ? tokens.length - 1 : -1)
    if (finish === 'length') assert.equal(tokens.length, 9)
  }
})

test('a row does not depend on the rows it shares a chunk with, dummy rows included', async () => {
  const rows = await sample({ chunk: 6 })
  const others = ['7=', '8=', '3+3=', '4#'].map(text => prompt(policy, text))
  const swapped = await sample({
    chunk: 6,
    prompts: [prompts[0] as number[], ...others, prompts[5] as number[]],
    uniforms: (row, position) => (row === 0 || row === 5 ? uniform(row, position) : 0.5),
  })
  assert.deepEqual(swapped[0], rows[0])
  assert.deepEqual(swapped[5], rows[5])
  const [alone] = await sample({
    chunk: 6,
    prompts: [prompts[3] as number[]],
    uniforms: (_, position) => uniform(3, position),
  })
  assert.deepEqual(alone, rows[3])
})

test('a row whose numbers are null is greedy beside rows that are sampled', async () => {
  const greedy = await sample({ uniforms: () => null })
  const sampled = await sample()
  const mixed = await sample({ uniforms: (row, position) => (row % 2 === 0 ? null : uniform(row, position)) })
  for (const [row, { tokens }] of mixed.entries()) {
    assert.deepEqual(tokens, (row % 2 === 0 ? greedy : sampled)[row]?.tokens)
  }
})

test('tokens are drawn as often as the probability that is reported at the given temperature', async () => {
  const rows = 4000
  for (const temperature of [1, 2]) {
    const drawn = await sample({
      prompts: Array.from({ length: rows }, () => prompts[1] as number[]),
      maxTokens: 1,
      chunk: 1000,
      temperature,
    })
    const logOf = new Map(drawn.map(({ tokens, logProbs }) => [tokens[0] as number, logProbs[0] as number]))
    // Tokens that were never drawn are rare.
    const probabilities = [...logOf].map(([id, logProb]) => [id, Math.exp(logProb)] as const)
    assert.ok(probabilities.reduce((sum, [, probability]) => sum + probability, 0) > 0.99)
    for (const [id, wanted] of probabilities) {
      const share = drawn.filter(({ tokens }) => tokens[0] === id).length / rows
      assert.ok(Math.abs(share - wanted) < 5 * Math.sqrt(wanted / rows) + 0.002, `${id}: ${share} for ${wanted}`)
    }
  }
})

test('padding and ids without a token are never drawn, for any uniform number and even with a high logit', async () => {
  const made = tinyPolicy(2)
  const { padId } = made.tokenizer
  const [tokenless] = prompt(made, '7') as [number]
  const likely = { ...made, tokenizer: { ...made.tokenizer, hasToken: (id: number) => id !== tokenless } }
  changeWeight(likely, 'lm_head.weight', head =>
    head.add(
      tf
        .oneHot(tf.tensor1d([padId, tokenless], 'int32'), head.shape[0] as number)
        .sum(0)
        .reshape([-1, 1])
        .mul(50),
    ),
  )
  for (const uniforms of [() => 0, () => 1 - 2 ** -24, () => null, uniform]) {
    const rows = await generate({ policy: likely, prompts, uniforms, maxTokens: 5, chunk: 6 })
    assert.ok(rows.every(({ tokens }) => !tokens.includes(padId) && !tokens.includes(tokenless)))
    const measured = logProbsOf(
      likely,
      rows.map(({ tokens }, row) => ({ promptTokens: prompts[row] as number[], tokens })),
    )
    // Without the two ids in the denominator, as in sampling.
    for (const [row, { logProbs }] of rows.entries()) {
      for (const [index, logProb] of logProbs.entries()) {
        assert.ok(Math.abs(logProb - (measured[row]?.[index] as number)) < 1e-4)
      }
    }
  }
  disposePolicy(likely)
})

test('P(EOS) is given for every token, and is the probability of the drawn end token', async () => {
  const rows = await sample({
    eosProbabilities: true,
    prompts: Array.from({ length: 40 }, () => prompts[2] as number[]),
  })
  const ended = rows.filter(({ finish }) => finish === 'stop')
  assert.ok(ended.length > 0)
  for (const { eosProbabilities, tokens } of rows) assert.equal(eosProbabilities?.length, tokens.length)
  for (const { eosProbabilities, logProbs } of ended) {
    assert.ok(Math.abs((eosProbabilities?.at(-1) as number) - Math.exp(logProbs.at(-1) as number)) < 1e-6)
  }
})

test('entropy is that of the distributions that tokens were drawn from, and 0 for a certain token', async () => {
  const [row] = await sample({ maxTokens: 1 })
  const decoded = await sample({
    prompts: Array.from({ length: 3000 }, () => prompts[0] as number[]),
    maxTokens: 1,
    chunk: 1000,
  })
  // The mean of -log pi over samples is the entropy.
  const mean = decoded.reduce((sum, { logProbs }) => sum - (logProbs[0] as number), 0) / decoded.length
  assert.ok(Math.abs((row?.entropy as number) - mean) < 0.08, `${row?.entropy} for ${mean}`)
  const certain = tinyPolicy(4)
  changeWeight(certain, 'lm_head.weight', head => head.mul(1e4))
  for (const { entropy } of await generate({ policy: certain, prompts, uniforms: uniform, maxTokens: 3, chunk: 6 })) {
    assert.ok(Math.abs(entropy) < 1e-3, `${entropy}`)
  }
  disposePolicy(certain)
})

test('an empty prompt is refused, and its index named', async () => {
  await assert.rejects(
    sample({ prompts: [prompts[0] as number[], []] }),
    (error: unknown) => error instanceof RlevError && /prompt 1/.test(error.message),
  )
})

for (const engine of [recorded, eager]) {
  test(`weights that are not finite give a NotFinite error, and leave no tensors behind, ${engine.mode}`, () =>
    isNotFinite(engine))
}

async function isNotFinite(engine: Policy['engine']): Promise<void> {
  const broken = tinyPolicy(3, engine)
  changeWeight(broken, 'model.norm.weight', norm => norm.mul(Number.NaN))
  const before = tensors()
  await assert.rejects(
    generate({ policy: broken, prompts, uniforms: uniform, maxTokens: 4, chunk: 4 }),
    (error: unknown) => error instanceof RlevError && error.kind === 'NotFinite',
  )
  assert.equal(tensors(), before)
  disposePolicy(broken)
}

test('progress rises while rows are under way, and ends at their number', async () => {
  const told: number[] = []
  const hooks = {
    async tick(progress?: { done: number; of: number }) {
      assert.equal(progress?.of, prompts.length)
      told.push(progress?.done ?? Number.NaN)
    },
  }
  // Calls of 8 tokens each; no row ends before the limit unless it draws the end-of-sequence token.
  await sample({ maxTokens: 40, chunk: prompts.length, hooks })
  assert.ok(told.length >= 5, told.join())
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  )
  assert.ok((told[0] as number) > 0 && (told[0] as number) < prompts.length)
  assert.equal(told.at(-1), prompts.length)
})
