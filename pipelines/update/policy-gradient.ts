/**
 * One update of the policy from a step's responses and their records: gradients summed over micro-batches, clipped by
 * their global norm, one optimizer step. Responses of advantage 0 push nowhere and are not computed, though the loss's
 * divisors count them; a step that has no others is left out, moments included.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { RlevError } from '../errors.js'
import type { Hooks } from '../hooks.js'
import { type Decoder, makeDecoder } from '../policy/decoder.js'
import { disposeBatch, logProbabilities, sequenceBatch } from '../policy/log-probabilities.js'
import { neverDrawn } from '../policy/never-drawn.js'
import type { Policy } from '../policy/policy.js'
import { type Tensor, tf } from '../policy/tensorflow.js'
import { tidy } from '../policy/tidy.js'
import type { RewardRecord } from '../rewards/record.js'
import type { Response } from '../rollout/response.js'
import { clipFactor, gradientsOf, normOf } from './gradients.js'
import { policyGradientLoss, responseWeights } from './loss.js'
import { applyGradient, type Optimizer } from './optimizer.js'

interface Row {
  response: Response
  record: RewardRecord
  weight: number
}

/** What a micro-batch adds to the step's sums. */
interface Sums {
  loss: number
  gap: number
}

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
}: {
  policy: Policy
  optimizer: Optimizer
  responses: readonly Response[]
  records: readonly RewardRecord[]
  config: ExperimentConfig
  hooks: Hooks
}): Promise<{ metrics: Record<string, number> }> {
  const { microBatch, clipNorm } = config.update
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
    .map(
      (response, index): Row => ({
        response,
        record: records[index] as RewardRecord,
        weight: weights[index] as number,
      }),
    )
    .filter(({ record }) => klInLoss || record.advantage !== 0)
  const tokens = rows.reduce((sum, { response }) => sum + response.tokens.length, 0)
  let gradient: Tensor | null = null
  const sums: Sums = { loss: 0, gap: 0 }
  try {
    for (let first = 0; first < rows.length; first += microBatch) {
      const part = microBatchGradient({ policy, rows: rows.slice(first, first + microBatch), config, klInLoss })
      gradient = plus(gradient, part.gradient)
      sums.loss += part.sums.loss
      sums.gap += part.sums.gap
      await hooks.tick({ done: Math.min(first + microBatch, rows.length), of: rows.length, note: 'update' })
    }
    if (gradient === null) throw new RangeError('an update needs responses')
    const norm = normOf(gradient)
    checkFinite({ loss: sums.loss, norm })
    const factor = clipFactor(norm, clipNorm)
    applyGradient({ policy, optimizer, gradient, settings: config.update, factor })
    return {
      metrics: {
        'update/skipped': 0,
        'update/tokens': tokens,
        'policy/loss': sums.loss,
        'policy/grad_norm': norm,
        'policy/grad_clipped': factor < 1 ? 1 : 0,
        ...entropyOf(responses),
        'policy/sampling_log_prob_gap': sums.gap / tokens,
      },
    }
  } finally {
    gradient?.dispose()
  }
}

function microBatchGradient({
  policy,
  rows,
  config,
  klInLoss,
}: {
  policy: Policy
  rows: readonly Row[]
  config: ExperimentConfig
  klInLoss: boolean
}): { gradient: Tensor; sums: Sums } {
  const { architecture, tokenizer } = policy
  const batch = tidy(() =>
    sequenceBatch({ sequences: rows.map(row => row.response), padId: tokenizer.padId, architecture }),
  )
  const width = batch.mask.shape[1] as number
  const perToken = (of: (response: Response) => readonly number[]) =>
    tf.tensor2d(rows.map(({ response }) => [...of(response), ...zeros(width - response.tokens.length)]))
  const perRow = (of: (row: Row) => number) => tf.tensor2d(rows.map(row => [of(row)]))
  const result = tidy(() => {
    const sampled = perToken(response => response.logProbs)
    const advantages = perRow(row => row.record.advantage)
    const weights = perRow(row => row.weight)
    const reference = klInLoss ? perToken(response => response.referenceLogProbs ?? []) : undefined
    const seen: Tensor[] = []
    const { value, gradient } = gradientsOf(policy.weights, under => {
      const decoder: Decoder = makeDecoder({ architecture, weights: under })
      const logProbs = logProbabilities(decoder, batch, neverDrawn(policy))
      seen.push(tf.keep(logProbs.sub(sampled).abs().sum()))
      return policyGradientLoss({
        logProbs,
        mask: batch.mask,
        advantages,
        weights,
        ...(reference === undefined
          ? {}
          : {
              kl: { estimator: config.kl.estimator, coefficient: config.kl.coefficient, referenceLogProbs: reference },
            }),
      })
    })
    const gap = (seen[0] as Tensor).dataSync()[0] as number
    tf.dispose(seen)
    const loss = (value.dataSync() as Float32Array)[0] as number
    return { gradient, sums: { loss, gap } }
  })
  disposeBatch(batch)
  return result
}

/** Mean over the tokens of all responses, where the rollout has it. */
function entropyOf(responses: readonly Response[]): { 'policy/entropy'?: number } {
  const tokens = responses.reduce((sum, response) => sum + response.tokens.length, 0)
  const sum = responses.reduce((total, { entropy = Number.NaN }) => total + entropy, 0)
  return Number.isFinite(sum) && tokens > 0 ? { 'policy/entropy': sum / tokens } : {}
}

/** The sum; frees its terms. */
function plus(sum: Tensor | null, more: Tensor): Tensor {
  if (sum === null) return more
  const total: Tensor = sum.add(more)
  tf.dispose([sum, more])
  return total
}

const zeros = (length: number): number[] => new Array<number>(length).fill(0)

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
