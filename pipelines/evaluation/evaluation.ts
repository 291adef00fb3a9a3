/** One evaluation of a policy on the test items: the paper's metrics, greedy and expected, and what the report draws. */
import type { KeptMark } from '../rewards/mark.js'
import type { Verdict } from '../rewards/verdict.js'
import type { Finish } from '../rollout/response.js'
import type { Undecided } from './undecided.js'

/** The paper's columns. Shares in [0, 1], H-Acc apart; length in tokens. */
export interface Columns {
  acc: number
  /** sum of v credit / sum of v over all, in [-1, 1]: sum of v over correct / sum of v without parts of credit and deducted points. */
  hAcc: number
  length: number
  /** H-Acc in percent / length. */
  valueDensity: number
  /** Acc over the top fifth by value. */
  accHigh: number
  /** Acc over the bottom fifth by value. */
  accLow: number
  /** Share of the responses that were cut at `rollout.maxTokens`; absent in evaluations of versions that did not keep it. */
  cut?: number
}

export interface SectionOutcome {
  section: string
  items: number
  /** Mean value of the section's items. */
  value: number
  greedy: SectionFigures
  expected: SectionFigures
}

export interface SectionFigures {
  acc: number
  /** Within the section; absent in evaluations of versions that did not keep it. */
  hAcc?: number
  /** Mean credit, if credits can differ from verdicts. */
  credit?: number
  length: number
}

/** Mean P(EOS) at each response position, from 0, over the responses that reach it. */
export interface EosTrajectory {
  group: 'top' | 'bottom'
  items: number
  probability: readonly number[]
  /** Responses that reach the position. */
  reached: readonly number[]
}

export interface ItemOutcome {
  itemId: string
  greedy: ResponseOutcome & { text: string; stoppedBy?: string }
  samples: readonly ResponseOutcome[]
}

export interface ResponseOutcome extends KeptMark {
  length: number
  /** Absent in evaluations of versions that did not keep it. */
  finish?: Finish
}

export interface SampleResponse {
  itemId: string
  section: string
  prompt: string
  answer: string
  value: number
  text: string
  verdict: Verdict
  credit?: number
}

/** The columns on a further test set. */
export interface TransferOutcome {
  name: string
  items: number
  greedy: Columns
  expected: Columns
}

export interface Evaluation {
  step: number
  items: number
  /** Greedy decoding. */
  greedy: Columns
  /** Mean over samples at temperature 1. */
  expected: Columns
  /** Mean credit, every item by its weight alone; absent if every credit is 1 or 0 as the verdict says. */
  credit?: { greedy: number; expected: number }
  /** Unscored verdicts among greedy and sampled responses; they are left out of the means. */
  unscored: number
  /** Bounds of the accuracies: all unscored responses wrong, and all correct. */
  undecided: { greedy: Undecided; expected: Undecided }
  /** Unbiased, over the samples, at the powers of two up to their number and at their number; empty without samples. */
  passAtK: readonly { k: number; value: number }[]
  /** Model that gave the verdicts; absent if a rule did. */
  judge?: string
  sections: readonly SectionOutcome[]
  eos: readonly EosTrajectory[]
  /** Before and after training, if the config has further test sets. */
  transfer?: readonly TransferOutcome[]
  /** Ten greedy responses, spread over the sections. */
  responses: readonly SampleResponse[]
}
