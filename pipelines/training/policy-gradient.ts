/**
 * One update of the policy from a step's responses and records: gradients are summed over micro-batches and
 * clipped by their global norm, then the optimizer takes one step. Responses with advantage 0 have no gradient.
 * They are not computed, but the loss's divisors count them. If all advantages are 0, the update is skipped,
 * and the moments stay.
 */
import type { StepRecord } from '../advantages/records.js'
import type { ExperimentConfig } from '../config/schema.js'
import { RlevError } from '../errors.js'
import type { Optimizer } from '../model/optimizer-state.js'
import type { Policy } from '../model/policy.js'
import type { Hooks } from '../progress.js'
import type { Response } from '../rollout/response.js'
import { accumulate, type LossRow } from './accumulate.js'
import { withHalving } from './halving.js'
import { responseWeights } from './loss.js'
import { clipFactor, optimizerStep, prepareStep } from './optimizer.js'

/**
 * Changes `policy` and `optimizer` in place. `records` are in the order of `responses`. Rejects with NotFinite,
 * before anything is changed, if the loss or the gradient is not finite.
 */
export async function policyGradientStep({
  policy,
  optimizer,
  responses,
  records,
  config,
  hooks,
  microBatchBefore = Number.POSITIVE_INFINITY,
}: {
  policy: Policy
  optimizer: Optimizer
  responses: readonly Response[]
  records: readonly StepRecord[]
  /** Of the step (step-config.ts). */
  config: ExperimentConfig
  hooks: Hooks
  /**
   * Micro-batch size that fitted into memory when this step was first made. Equal micro-batches give equal
   * bits.
   */
  microBatchBefore?: number
}): Promise<{ metrics: Record<string, number> }> {
  const klInLoss = config.kl.place === 'loss' && config.kl.coefficient > 0
  if (!klInLoss && records.every(({ advantage }) => advantage === 0)) {
    // The loss and its gradient are exactly 0. They are reported, so that no metric has a gap at this step.
    return {
      metrics: {
        'update/skipped': 1,
        'update/tokens': 0,
        'policy/loss': 0,
        'policy/grad_norm': 0,
        'policy/grad_clipped': 0,
        ...entropyOf(responses),
        'policy/sampling_log_prob_gap': 0,
      },
    }
  }

  const weights = responseWeights(records, config)
  const rows = responses
    .map((response, index): LossRow => {
      const { advantage } = records[index] as StepRecord
      return { ...response, advantage, weight: weights[index] as number }
    })
    .filter(({ advantage }) => klInLoss || advantage !== 0)
  const tokens = rows.reduce((sum, row) => sum + row.tokens.length, 0)
  const { estimator, coefficient } = config.kl
  const { prompts, samples, temperature, maxTokens } = config.rollout
  prepareStep(policy, optimizer, config.update)
  const limit = config.update.microBatch
  const { result: sums, microBatch } = await withHalving({
    first: Math.min(limit, microBatchBefore),
    rows: rows.length,
    run: maxRows =>
      accumulate({
        policy,
        rows,
        limits: { ...config.update, microBatch: maxRows },
        kl: klInLoss ? { estimator, coefficient } : null,
        temperature,
        checkpointing: config.update.gradientCheckpointing,
        largest: { prompts, samples, tokens: maxTokens },
        hooks,
        note: 'update',
      }),
    onFirstRetry: ({ from, to }) =>
      process.emitWarning(`memory ran out with micro-batches of ${from} rows; retrying with ${to}`),
  })
  const { engine, loss, gap, norm } = sums
  checkFinite({ loss, norm })
  const factor = clipFactor(norm, config.update.clipNorm)
  optimizerStep({ engine, optimizer, settings: config.update, factor })
  return {
    metrics: {
      'update/skipped': 0,
      'update/tokens': tokens,
      ...(microBatch < limit ? { 'update/micro_batch': microBatch } : {}),
      'policy/loss': loss,
      'policy/grad_norm': norm,
      'policy/grad_clipped': factor < 1 ? 1 : 0,
      ...entropyOf(responses),
      'policy/sampling_log_prob_gap': gap / tokens,
    },
  }
}

/** Mean entropy over the tokens of all responses, if the rollout has it. */
function entropyOf(responses: readonly Response[]): { 'policy/entropy'?: number } {
  const tokens = responses.reduce((sum, response) => sum + response.tokens.length, 0)
  const sum = responses.reduce((total, { entropy = Number.NaN }) => total + entropy, 0)
  return Number.isFinite(sum) && tokens > 0 ? { 'policy/entropy': sum / tokens } : {}
}

function checkFinite({ loss, norm }: { loss: number; norm: number }): void {
  if (Number.isFinite(loss) && Number.isFinite(norm)) return
  throw new RlevError({
    kind: 'NotFinite',
    message: 'the update is not finite',
    place: 'policy-gradient step',
    expected: 'a finite loss and gradient norm',
    found: `loss ${loss}, gradient norm ${norm}`,
    remedy: 'lower update.learningRate, or set update.clipNorm',
  })
}
