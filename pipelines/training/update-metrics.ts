/** Metrics of a step's updates. A step without an update reports what it has as 0, so that no metric has a gap. */
import type { ExperimentConfig } from '../config/schema.js'
import type { Response } from '../rollout/response.js'
import { mean } from '../statistics/estimate.js'
import { weightsInFifth } from '../statistics/fifths.js'
import { weightedMean } from '../statistics/weighted-mean.js'
import type { UpdateMade } from './live-policy.js'
import type { LossRow } from './loss.js'

/** An optimizer step with what it learned from. */
export interface Update extends UpdateMade {
  /** The responses that were computed, and the values that their rewards see. */
  rows: readonly LossRow[]
  values: readonly number[]
}

export function updateMetrics({
  updates,
  responses,
  config,
  several,
}: {
  updates: readonly Update[]
  responses: readonly Response[]
  config: ExperimentConfig
  /** Whether the config asks for several updates a step. */
  several: boolean
}): Record<string, number> {
  const { microBatch: limit, importanceCap } = config.update
  const rows = updates.flatMap(update => update.rows)
  const tokens = tokensOf(rows)
  const [first] = updates
  const perToken = (sum: number) => (tokens === 0 ? 0 : sum / tokens)
  const over = (read: (update: Update) => number) => (updates.length === 0 ? 0 : mean(updates.map(read)))
  return {
    'update/skipped': updates.length === 0 ? 1 : 0,
    'update/tokens': tokens,
    ...Object.fromEntries(
      updates.flatMap(({ microBatch }, index) => (microBatch < limit ? [[microBatchKey(index), microBatch]] : [])),
    ),
    'policy/loss': over(({ loss }) => loss),
    ...(updates.some(({ norm }) => norm === undefined)
      ? {}
      : { 'policy/grad_norm': over(({ norm }) => norm as number) }),
    'policy/grad_clipped': over(({ clipped }) => (clipped ? 1 : 0)),
    ...entropyOf(responses),
    // Later updates of the step differ from the sampling policy by what was learned.
    'policy/sampling_log_prob_gap': first === undefined ? 0 : first.gap / tokensOf(first.rows),
    ...(several
      ? {
          'update/optimizer_steps': updates.length,
          'policy/clip_fraction': perToken(sumOf(updates, 0)),
          'policy/approx_kl': perToken(sumOf(updates, 1)),
          'value/clipped_top': clippedInFifth(updates, 5),
          'value/clipped_bottom': clippedInFifth(updates, 1),
        }
      : {}),
    ...(importanceCap === undefined || importanceCap === null ? {} : importanceMetrics(rows, importanceCap)),
  }
}

/** Share of the tokens that are clipped, in the responses whose prompts are in a fifth by value. 0 of none. */
function clippedInFifth(updates: readonly Update[], fifth: 1 | 5): number {
  const rows = updates.flatMap(({ rows: computed, values, measured: [clipped = []] }) =>
    computed.map(({ tokens }, row) => ({
      value: values[row] as number,
      weight: tokens.length,
      share: (clipped[row] as number) / tokens.length,
    })),
  )
  const share = weightedMean(
    rows.map(row => row.share),
    weightsInFifth(rows, fifth),
  )
  return Number.isFinite(share) ? share : 0
}

function importanceMetrics(rows: readonly LossRow[], cap: number): Record<string, number> {
  const weights = rows.flatMap(({ importance = [] }) => importance)
  return {
    'policy/importance_mean': weights.length === 0 ? 0 : mean(weights),
    'policy/importance_capped': weights.length === 0 ? 0 : weights.filter(one => one >= cap).length / weights.length,
  }
}

const tokensOf = (rows: readonly LossRow[]): number => rows.reduce((sum, row) => sum + row.tokens.length, 0)

const sumOf = (updates: readonly Update[], measure: number): number =>
  updates.flatMap(({ measured }) => measured[measure] ?? []).reduce((sum, value) => sum + value, 0)

const microBatchKey = (update: number): string =>
  update === 0 ? 'update/micro_batch' : `update/micro_batch_${update + 1}`

/** Rows of a micro-batch that fitted into memory when the update was first made. */
export function microBatchBefore(before: Readonly<Record<string, number>> | undefined, update: number): number {
  return before?.[microBatchKey(update)] ?? Number.POSITIVE_INFINITY
}

/** Mean entropy over the tokens of all responses, if the rollout has it. */
function entropyOf(responses: readonly Response[]): { 'policy/entropy'?: number } {
  const tokens = responses.reduce((sum, response) => sum + response.tokens.length, 0)
  const sum = responses.reduce((total, { entropy = Number.NaN }) => total + entropy, 0)
  return Number.isFinite(sum) && tokens > 0 ? { 'policy/entropy': sum / tokens } : {}
}
