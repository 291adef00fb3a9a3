/**
 * The plan of a step over a Tinker server: which rows go into which request. It follows from the rows and the limits alone, so that a
 * step that is made again sends the same requests in the same order.
 */
import { microBatchesOf } from '../../../pipelines/training/micro-batches.js'
import type { Datum } from '../types.js'

/** A response to learn from. */
export interface TrainedRow {
  promptTokens: readonly number[]
  /** Of the response. */
  tokens: readonly number[]
  /** c_t = -dL/d log pi_t of each token of the response. Estimator, aggregation and KL are in it. */
  coefficients: readonly number[]
  /**
   * log pi of each token as the server sampled it. The gradient is then that of the ratio to it, c_t exp(log pi - log sampled). Left
   * out, the server is asked first, and the ratio is 1.
   */
  logProbs?: readonly number[]
}

export interface RequestLimits {
  /** Of one request. */
  maxRows: number
  /** Of one request: rows times tokens of the longest. */
  maxTokens: number
}

/** As the SDK cuts its requests, in tokens. */
export const defaultLimits: RequestLimits = { maxRows: 64, maxTokens: 65_536 }

/** Rows without a gradient are left out. */
export function requestsOf(rows: readonly TrainedRow[], { maxRows, maxTokens }: RequestLimits): TrainedRow[][] {
  const acting = rows.filter(({ coefficients }) => coefficients.some(coefficient => coefficient !== 0))
  return microBatchesOf(acting, {
    microBatch: maxRows,
    tokenBudget: maxTokens,
    columns: some => Math.max(...some.map(({ promptTokens, tokens }) => promptTokens.length + tokens.length)),
  })
}

/** The whole sequence: weight 1 on the tokens of the response. `factor`: what the server's reduction asks for (training-way.ts). */
export function datumOf(
  { promptTokens, tokens, coefficients }: TrainedRow,
  { logProbs, factor }: { logProbs: readonly number[]; factor: number },
): Datum {
  const all = [...promptTokens, ...tokens]
  const before = promptTokens.slice(1).map(() => 0)
  return {
    inputs: all.slice(0, -1),
    targets: all.slice(1),
    weights: [...before, ...tokens.map(() => 1)],
    logProbs: [...before, ...logProbs],
    advantages: [...before, ...coefficients.map(coefficient => coefficient * factor)],
  }
}
