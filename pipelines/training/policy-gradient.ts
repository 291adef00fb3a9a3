/**
 * The update of the policy from a step's responses and records: one optimizer step, or one for each minibatch of each
 * epoch (minibatches.ts). In each, gradients are summed over micro-batches and clipped by their global norm. Responses
 * with advantage 0 have no gradient, unless a divergence or the entropy is in the loss. They are not computed, but the
 * loss's divisors count them. If all advantages are 0, the optimizer takes no step, and the moments stay.
 */
import { isScheduled } from '../advantages/kl-schedule.js'
import type { StepRecord } from '../advantages/records.js'
import type { ExperimentConfig } from '../config/schema.js'
import { given } from '../given.js'
import { type Hooks, partOfWork } from '../progress.js'
import type { Response } from '../rollout/response.js'
import { importanceWeights } from './importance.js'
import type { LivePolicy } from './live-policy.js'
import { type LossRow, type LossTerms, responseWeights } from './loss.js'
import { groupsOf, minibatchesOf } from './minibatches.js'
import { microBatchBefore, type Update, updateMetrics } from './update-metrics.js'

interface StepOptions {
  policy: Pick<LivePolicy, 'update' | 'logProbabilities'>
  responses: readonly Response[]
  /** In the order of `responses`. */
  records: readonly StepRecord[]
  /** Of the step (step-config.ts). */
  config: ExperimentConfig
  /** From 1. */
  step: number
  hooks: Hooks
  /**
   * The step's metrics if it was made before. They say which micro-batches fitted into memory: equal micro-batches
   * give equal bits.
   */
  before?: Readonly<Record<string, number>>
}

/**
 * Changes `policy`. Rejects with NotFinite if the loss or the gradient is not finite. A rejection after the first
 * optimizer step leaves a policy between two steps: `policy.isWhole` is false then.
 */
export async function policyGradientStep(options: StepOptions): Promise<{ metrics: Record<string, number> }> {
  const { responses, records, config, step, policy, hooks } = options
  const { ppo, importanceCap } = config.update
  const groups = groupsOf(responses)
  const several = ppo !== undefined && ppo !== null && ppo.minibatches * ppo.epochs > 1
  const batches = several
    ? minibatchesOf({ ...ppo, prompts: groups.length, seed: config.seed, step })
    : [groups.map((_, index) => index)]
  const terms = termsOf(config, several)
  const acts = (record: StepRecord | undefined) =>
    record?.masked !== true && (alwaysActs(terms) || record?.advantage !== 0)
  const trained =
    importanceCap === undefined || importanceCap === null || !records.some(acts)
      ? null
      : // As training computes it, before the step's first update.
        await policy.logProbabilities(responses, {
          rollout: config.rollout,
          together: Math.min(config.update.microBatch, responses.length),
          hooks,
          note: 'log-probabilities',
        })
  const planned = batches
    .map(batch => batch.flatMap(group => groups[group] as number[]))
    .filter(rows => rows.some(row => acts(records[row])))
    .map((rows): PlannedUpdate => {
      const weights = responseWeights(
        rows.map(row => records[row] as StepRecord),
        config,
      )
      const acting = rows
        .map((row, index) => ({ row, weight: weights[index] as number }))
        .filter(({ row }) => acts(records[row]))
      const values = acting.map(({ row }) => (records[row] as StepRecord).value)
      return { values, rows: acting.map(({ row, weight }) => lossRow({ ...options, row, weight, trained })) }
    })
  const of = planned.reduce((sum, { rows }) => sum + rows.length, 0)
  const updates: Update[] = []
  for (const { rows, values } of planned) {
    const before = updates.reduce((sum, made) => sum + made.rows.length, 0)
    const update = await policy.update({
      rows,
      terms,
      config,
      microBatch: firstMicroBatch(options, updates),
      hooks: partOfWork(hooks, { before, of }),
    })
    updates.push({ ...update, rows, values })
  }
  return { metrics: updateMetrics({ updates, responses, config, several }) }
}

/** What one optimizer step learns from: the responses that have a gradient. */
type PlannedUpdate = Pick<Update, 'rows' | 'values'>

function lossRow({
  responses,
  records,
  config,
  row,
  weight,
  trained,
}: Pick<StepOptions, 'responses' | 'records' | 'config'> & {
  row: number
  weight: number
  /** log pi at the beginning of the step, if importance weights are asked for. */
  trained: readonly (readonly number[])[] | null
}): LossRow {
  const response = responses[row] as Response
  const { advantage } = records[row] as StepRecord
  const { importanceCap } = config.update
  const old = trained?.[row]
  const importance = old === undefined ? undefined : importanceWeights(old, response.logProbs, importanceCap as number)
  return { ...response, advantage, weight, ...given({ oldLogProbs: old, importance }) }
}

function termsOf(config: ExperimentConfig, several: boolean): LossTerms {
  const { place, estimator, coefficient } = config.kl
  const { ppo, importanceCap, entropyCoefficient } = config.update
  const varies = isScheduled(config)
  return {
    kl: place === 'loss' && coefficient > 0 ? { estimator, coefficient, ...(varies ? { varies } : {}) } : null,
    clip: several ? (ppo ?? null) : null,
    importance: importanceCap !== undefined && importanceCap !== null,
    entropyCoefficient: entropyCoefficient ?? 0,
  }
}

/** Whether a response has a gradient even with an advantage of 0. */
const alwaysActs = ({ kl = null, entropyCoefficient = 0 }: LossTerms): boolean => kl !== null || entropyCoefficient > 0

/** What fitted when the step was made before, or in its update before; `made` are its updates so far. */
function firstMicroBatch({ config: { update }, before }: StepOptions, made: readonly Update[]): number {
  return Math.min(
    update.microBatch,
    microBatchBefore(before, made.length),
    made.at(-1)?.microBatch ?? update.microBatch,
  )
}
