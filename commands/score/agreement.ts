/** How our verdicts agree with the marks that a file has already, for `rlev score --against FIELD`. */
import type { ScoredResponse } from '../../pipelines/rewards/score-responses.js'
import type { ResponseRow } from './response-rows.js'

/** A row with its score. */
export interface ScoredRow {
  row: ResponseRow
  scored: ScoredResponse
}

export interface Agreement {
  /** Scored rows; unscored ones are not compared. */
  compared: number
  agree: number
  /** Correct here, less than full credit in the file. */
  falsePositives: ScoredRow[]
  /** Less than full credit here, full credit in the file. */
  falseNegatives: ScoredRow[]
  unscored: number
  /** Mean of |credit here - credit in the file|; null if nothing was compared. */
  meanCreditDifference: number | null
}

/** Whether both give full credit, or neither does. Null for an unscored row. */
export function agrees({ row, scored }: ScoredRow): boolean | null {
  return scored.verdict === 'unscored' ? null : (scored.verdict === 'correct') === (row.against === 1)
}

export function agreementOf(rows: readonly ScoredRow[]): Agreement {
  const compared = rows.filter(({ scored }) => scored.verdict !== 'unscored')
  const differing = compared.filter(row => !agrees(row))
  const differences = compared.map(({ row, scored }) => Math.abs((scored.credit ?? 0) - (row.against ?? 0)))
  return {
    compared: compared.length,
    agree: compared.length - differing.length,
    falsePositives: differing.filter(({ scored }) => scored.verdict === 'correct'),
    falseNegatives: differing.filter(({ scored }) => scored.verdict === 'wrong'),
    unscored: rows.length - compared.length,
    meanCreditDifference:
      compared.length === 0 ? null : differences.reduce((sum, difference) => sum + difference, 0) / compared.length,
  }
}
