/** For tests of parity with PyTorch: logits after a prompt, and one update, by the engine that trains. */
import assert from 'node:assert/strict'
import { engineFor } from '../../../pipelines/engine/engine-cache.js'
import { Learning } from '../../../pipelines/engine/learning.js'
import { logProbsOf } from '../../../pipelines/engine/log-probabilities.js'
import { responseBatch } from '../../../pipelines/engine/response-batch.js'
import { responseInputs, responseTensors } from '../../../pipelines/engine/response-inputs.js'
import { type Tensor, tf } from '../../../pipelines/graph/tensorflow.js'
import { logitsOf } from '../../../pipelines/model/decoder.js'
import { readPrompts, readResponses } from '../../../pipelines/model/forward.js'
import { createOptimizer, disposeOptimizer } from '../../../pipelines/model/optimizer-state.js'
import { type Policy, trainable } from '../../../pipelines/model/policy.js'
import { noHooks } from '../../../pipelines/progress.js'
import { type Accumulated, accumulate } from '../../../pipelines/training/accumulate.js'
import { policyGradientLoss } from '../../../pipelines/training/loss.js'
import { optimizerStep, type StepSettings } from '../../../pipelines/training/optimizer.js'

/** Asserts that two numbers agree within 1e-4, absolute or relative, the precision of the golden numbers. */
export function close(found: number | undefined, wanted: number, what: string): void {
  const gap = Math.abs((found ?? Number.NaN) - wanted)
  assert.ok(gap <= 1e-4 || gap <= 1e-4 * Math.abs(wanted), `${what}: ${found} is not ${wanted}`)
}

export function allClose(found: ArrayLike<number>, wanted: readonly number[], what: string): void {
  for (const [index, number] of wanted.entries()) close(found[index], number, `${what} ${index}`)
}

/**
 * PyTorch draws every row of the vocabulary. So does a policy here if its padding is an end-of-sequence token and
 * every id has a token.
 */
export function withEveryIdDrawn(policy: Policy): Policy {
  const { tokenizer } = policy
  return { ...policy, tokenizer: { ...tokenizer, padId: tokenizer.eosIds[0] as number, hasToken: () => true } }
}

/** Logits of the token after each prompt, [V] each, by one program for all prompts. */
export function lastLogits(policy: Policy, prompts: readonly (readonly number[])[]): Float32Array[] {
  const engine = engineFor(policy)
  const batch = responseBatch({
    groups: prompts.map(promptTokens => [{ promptTokens, tokens: [0] }]),
    padId: policy.tokenizer.padId,
    lanes: engine.settings.lanes,
  })
  const name = `logits ${JSON.stringify(batch.shape)}`
  const program = engine.program(name, () =>
    engine.session.compile({
      name,
      inputs: responseInputs(batch.shape),
      run: (...tensors) => {
        const [prefixIds, lengths, given] = tensors as [Tensor, Tensor, Tensor]
        const decoder = engine.mergedDecoder()
        const hidden = readResponses({ decoder, lengths, caches: readPrompts(decoder, prefixIds), ids: given })
        return [logitsOf(decoder, hidden, null)]
      },
    }),
  )
  const inputs = responseTensors(batch)
  const [logits] = program(...inputs) as [Tensor]
  const all = logits.dataSync() as Float32Array
  const { vocabulary } = policy.architecture
  // Of the first token of each response, whose row has T of them.
  const starts = batch.rows.map(row => row * batch.shape.tokens * vocabulary)
  tf.dispose([...inputs, logits])
  return starts.map(start => all.slice(start, start + vocabulary))
}

export interface GoldenBatch {
  prompts: readonly number[][]
  completions: readonly number[][]
  advantages: readonly number[]
}

export interface GoldenUpdate {
  logProbs: number[][]
  loss: number
  gradientNorms: Map<string, number>
  globalNorm: number
  /** Norms of what was trained after one step of AdamW. */
  normsAfter: Map<string, number>
}

/** One step of AdamW on the loss -sum(advantage * log pi) / tokens, gradients clipped to a global norm. */
export async function goldenUpdate(
  policy: Policy,
  { prompts, completions, advantages }: GoldenBatch,
  settings: StepSettings & { clipNorm: number },
): Promise<GoldenUpdate> {
  const tokens = completions.reduce((sum, { length }) => sum + length, 0)
  const sequences = prompts.map((promptTokens, row) => ({ promptTokens, tokens: completions[row] as number[] }))
  const logProbs = logProbsOf(policy, sequences)
  const optimizer = createOptimizer(policy, { optimizer: 'adamw' })
  const sums: Accumulated = await accumulate({
    policy,
    rows: sequences.map((sequence, row) => ({
      ...sequence,
      advantage: advantages[row] as number,
      weight: 1 / tokens,
      logProbs: logProbs[row] as number[],
    })),
    limits: { microBatch: prompts.length, tokenBudget: null },
    loss: policyGradientLoss(),
    checkpointing: false,
    largest: {
      prompts: prompts.length,
      samples: 1,
      tokens: Math.max(...completions.map(({ length }) => length)),
    },
    hooks: noHooks,
    note: 'parity',
  })
  const { engine, loss, norm } = sums
  const gradients = engine.part(Learning).gradients()
  const gradientNorms = normsOf(gradients)
  tf.dispose([...gradients.values()])
  optimizerStep({ engine, optimizer, settings, factor: Math.min(1, settings.clipNorm / norm) })
  const normsAfter = normsOf(trainable(policy).read())
  disposeOptimizer(optimizer)
  return { logProbs, loss, gradientNorms, globalNorm: norm, normsAfter }
}

function normsOf(tensors: ReadonlyMap<string, Tensor>): Map<string, number> {
  return new Map(
    [...tensors].map(([name, tensor]) => {
      const values = tensor.dataSync() as Float32Array
      return [name, Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))]
    }),
  )
}
