/** The part of an evaluation that goes to the workflow: a few numbers for its progress. */
import { RlevError } from '../../pipelines/errors.js'
import type { Evaluation } from '../../pipelines/evaluation/evaluation.js'

export interface EvaluationSummary {
  step: number
  acc: number
  hAcc: number
  expectedAcc: number
  expectedHAcc: number
  length: number
}

/** Throws NotFinite if a number is not finite: JSON, in which the summary is sent, would turn it into null. */
export function summaryOf({ step, greedy, expected }: Evaluation): EvaluationSummary {
  const summary = {
    step,
    acc: greedy.acc,
    hAcc: greedy.hAcc,
    expectedAcc: expected.acc,
    expectedHAcc: expected.hAcc,
    length: greedy.length,
  }
  for (const [name, value] of Object.entries(summary)) {
    if (!Number.isFinite(value)) {
      throw new RlevError({
        kind: 'NotFinite',
        message: 'the evaluation has a figure that is not a finite number',
        place: `${name} of step ${step}`,
      })
    }
  }
  return summary
}
