/**
 * The policy that reinforcement learning starts from: a checkpoint, or one made from scratch and taught by demonstrations.
 * The paper starts from a base model; a policy from scratch has no right answer to be rewarded for until it was shown some.
 * AdamW with betas (0.9, 0.98), a linear warm-up, then a cosine down to a tenth of the peak rate; the loss is the mean of
 * -log pi over the response tokens of the batch.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { alphabetOf } from '../data/alphabet.js'
import { demonstrations } from '../data/demonstrations.js'
import type { DataSet } from '../data/item.js'
import { RlevError } from '../errors.js'
import { type Hooks, noHooks } from '../hooks.js'
import { accumulate } from '../update/accumulate.js'
import { clipFactor } from '../update/clip.js'
import { createOptimizer, disposeOptimizer, type Optimizer, optimizerStep, prepareStep } from '../update/optimizer.js'
import { createPolicy, disposePolicy, type Policy } from './policy.js'
import { loadPolicy } from './policy-folder.js'
import type { Sequence } from './response-batch.js'
import { encodeWhole } from './tokenizer.js'

type WarmStart = ExperimentConfig['warmStart']

/** The caller disposes the policy. Rejects with NotFinite when the loss is not a number. */
export async function warmStart({
  config,
  dataset,
  hooks,
}: {
  config: ExperimentConfig
  dataset: DataSet
  hooks: Hooks
}): Promise<Policy> {
  if (config.policy.from === 'checkpoint') return loadPolicy(config.policy.path, config.engine)
  const alphabet = alphabetOf({ data: config.data, dataset })
  const policy = createPolicy({ config: config.policy, alphabet, seed: config.seed, engine: config.engine })
  const { warmStart: settings } = config
  const optimizer = createOptimizer(policy, { optimizer: 'adamw' })
  try {
    for (let step = 1; step <= settings.steps; step++) {
      const batch = demonstrations({ config, dataset, step }).map(
        ({ prompt, response }): Sequence => ({
          promptTokens: policy.tokenizer.encodePrompt(prompt),
          tokens: [...encodeWhole(policy.tokenizer, response, 'a demonstration'), policy.tokenizer.eosIds[0] as number],
        }),
      )
      await supervisedStep({
        policy,
        optimizer,
        batch,
        settings,
        learningRate: rateOf(step, settings),
        longest: config.rollout.maxTokens,
      })
      await hooks.tick({ done: step, of: settings.steps, note: 'warm start' })
    }
    return policy
  } catch (error) {
    disposePolicy(policy)
    throw error
  } finally {
    disposeOptimizer(optimizer)
  }
}

/** Peak rate times warm-up times 0.1 + 0.9 (1 + cos(pi t / n)) / 2. */
function rateOf(step: number, { learningRate, warmup, steps }: WarmStart): number {
  const risen = warmup === 0 ? 1 : Math.min(1, step / warmup)
  return learningRate * risen * (0.1 + 0.45 * (1 + Math.cos((Math.PI * (step - 1)) / steps)))
}

/** The policy-gradient loss with advantages of 1 and the mean over all tokens is the supervised one. */
async function supervisedStep({
  policy,
  optimizer,
  batch,
  settings: { weightDecay, clipNorm },
  learningRate,
  longest,
}: {
  policy: Policy
  optimizer: Optimizer
  batch: readonly Sequence[]
  settings: WarmStart
  learningRate: number
  /** The longest response that a batch may hold. (tokens) */
  longest: number
}): Promise<void> {
  const tokens = batch.reduce((sum, sequence) => sum + sequence.tokens.length, 0)
  prepareStep(policy, optimizer, { weightDecay })
  const { engine, loss, norm } = await accumulate({
    policy,
    rows: batch.map(sequence => ({ ...sequence, advantage: 1, weight: 1 / tokens, logProbs: [] })),
    limits: { microBatch: batch.length, tokenBudget: null },
    form: { kl: null, checkpointing: false },
    largest: { prompts: batch.length, samples: 1, tokens: longest },
    hooks: noHooks,
    note: 'warm start',
  })
  if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
    throw new RlevError({
      kind: 'NotFinite',
      message: 'the warm start is not finite',
      place: `warm-start step ${optimizer.steps + 1}`,
      expected: 'a finite loss and gradient norm',
      found: `loss ${loss}, gradient norm ${norm}`,
      remedy: 'lower warmStart.learningRate',
    })
  }
  optimizerStep({
    engine,
    optimizer,
    settings: { learningRate, betas: [0.9, 0.98], epsilon: 1e-8, weightDecay },
    factor: clipFactor(norm, clipNorm),
  })
}
