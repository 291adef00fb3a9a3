/**
 * Supervised steps of the warm start and the score predictor: AdamW with betas (0.9, 0.98) on the mean of -log
 * pi over the response tokens of a batch. The learning rate rises linearly, then falls along a cosine to a
 * tenth of its peak.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Sequence } from '../engine/response-batch.js'
import { RlevError } from '../errors.js'
import type { Optimizer } from '../model/optimizer-state.js'
import type { Policy } from '../model/policy.js'
import { noHooks } from '../progress.js'
import { encodeWhole, type PolicyTokenizer } from '../tokenizer/tokenizer.js'
import { accumulate } from './accumulate.js'
import { policyGradientLoss } from './loss.js'
import { clipFactor, optimizerStep } from './optimizer.js'

/**
 * Learning rate of a step, counted from 1: peak * min(1, step / warmup) * (0.1 + 0.9 (1 + cos(pi (step - 1) /
 * steps)) / 2).
 */
export function rateOf(
  step: number,
  { learningRate, warmup, steps }: { learningRate: number; warmup: number; steps: number },
): number {
  const risen = warmup === 0 ? 1 : Math.min(1, step / warmup)
  return learningRate * risen * (0.1 + 0.45 * (1 + Math.cos((Math.PI * (step - 1)) / steps)))
}

/** Tokens of a response that is taught, with its end. Throws DataInvalid if the tokenizer lacks a character. */
export const taught = (tokenizer: PolicyTokenizer, text: string, place: string): number[] => [
  ...encodeWhole(tokenizer, text, place),
  tokenizer.eosIds[0] as number,
]

/**
 * One step. The policy-gradient loss with advantages of 1 and the mean over all tokens is the supervised loss.
 * Rejects with NotFinite if the loss or the gradient is not finite.
 */
export async function supervisedStep({
  policy,
  optimizer,
  batch,
  limits = { microBatch: batch.length, tokenBudget: null },
  checkpointing = false,
  weightDecay,
  clipNorm,
  learningRate,
  maxTokens,
  stage,
}: {
  policy: Policy
  optimizer: Optimizer
  batch: readonly Sequence[]
  /** Limits of a micro-batch. By default the batch is one micro-batch. */
  limits?: Pick<ExperimentConfig['update'], 'microBatch' | 'tokenBudget'>
  /** Compute layers again in the backward pass: less memory, more time. */
  checkpointing?: boolean
  weightDecay: number
  clipNorm: number | null
  learningRate: number
  /** Maximum length of a response in any batch of the caller. (tokens) */
  maxTokens: number
  /** For errors: the name of the stage, and the config key of its learning rate. */
  stage: { name: string; rateKey: string }
}): Promise<void> {
  const tokens = batch.reduce((sum, sequence) => sum + sequence.tokens.length, 0)
  const { engine, loss, norm } = await accumulate({
    policy,
    rows: batch.map(sequence => ({ ...sequence, advantage: 1, weight: 1 / tokens, logProbs: [] })),
    limits,
    loss: policyGradientLoss(),
    checkpointing,
    largest: { prompts: batch.length, samples: 1, tokens: maxTokens },
    hooks: noHooks,
    note: stage.name,
  })
  if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
    throw new RlevError({
      kind: 'NotFinite',
      message: `the ${stage.name} is not finite`,
      place: `${stage.name} step ${optimizer.steps + 1}`,
      expected: 'a finite loss and gradient norm',
      found: `loss ${loss}, gradient norm ${norm}`,
      remedy: `lower ${stage.rateKey}`,
    })
  }
  optimizerStep({
    engine,
    optimizer,
    settings: { learningRate, betas: [0.9, 0.98], epsilon: 1e-8, weightDecay },
    factor: clipFactor(norm, clipNorm),
  })
}
