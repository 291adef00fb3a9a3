/**
 * One update of the policy from a step's responses and their records: gradients summed over micro-batches, clipped by
 * their global norm, one optimizer step. Responses of advantage 0 push nowhere and are not computed, though the loss's
 * divisors count them; a step that has no others is left out, moments included.
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
 * Changes `policy` and `optimizer` in place. `records` are those of `responses`, in the same order. Rejects with NotFinite,
 * before anything is changed, when the loss or the gradient is not a number.
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
  config: ExperimentConfig
  hooks: Hooks
  /** What fitted into memory when this step was made before; the same micro-batches give the same bits. */
  microBatchBefore?: number
}): Promise<{ metrics: Record<string, number> }> {
  const klInLoss = config.kl.place === 'loss' && config.kl.coefficient > 0
  if (!klInLoss && records.every(({ advantage }) => advantage === 0)) {
    // The loss and its gradient are exactly 0: said, so that no history in the tracking has a gap.
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
  const { prompts, samples, maxTokens } = config.rollout
  prepareStep(policy, optimizer, config.update)
  const limit = config.update.microBatch
  const { result: sums, microBatch } = await withHalving({
    first: Math.min(limit, microBatchBefore),
    rows: rows.length,
    run: most =>
      accumulate({
        policy,
        rows,
        limits: { ...config.update, microBatch: most },
        kl: klInLoss ? { estimator, coefficient } : null,
        checkpointing: config.update.gradientCheckpointing,
        largest: { prompts, samples, tokens: maxTokens },
        hooks,
        note: 'update',
      }),
    said: ({ from, to }) => process.emitWarning(`memory ran out with micro-batches of ${from}; going on with ${to}`),
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

/** Mean over the tokens of all responses, where the rollout has it. */
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
