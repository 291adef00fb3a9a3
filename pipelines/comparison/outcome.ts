/** The outcome of one experiment, as the comparison and the report read it, and its endpoint. */
import type { StoppedEarly } from '../config/early-stop.js'
import type { ExperimentConfig, SweepSettings } from '../config/schema.js'
import type { DataSummary } from '../data/data-summary.js'
import { type Alarm, alarmsOf } from '../evaluation/alarms.js'
import type { Columns, Evaluation } from '../evaluation/evaluation.js'
import type { ItemResults } from '../evaluation/item-results.js'
import type { PredictedSignals } from '../evaluation/predicted-transmission.js'
import { StepTally } from '../evaluation/step-tally.js'
import { mean } from '../statistics/estimate.js'
import type { StepMetrics } from '../training/step-metrics.js'
import type { PredictionQuality } from '../values/predictor/quality.js'
import type { ValueStatistics } from '../values/value.js'

export type Endpoint = SweepSettings['endpoint']

export interface ExperimentOutcome {
  name: string
  arm: string
  seed: number
  config: ExperimentConfig
  /** In order of steps; the first is the base, before any training step. */
  evaluations: readonly Evaluation[]
  /** When each evaluation was made, in ms since 1970; that before training may have been made by another arm. */
  evaluationTimes?: readonly number[]
  metrics: readonly StepMetrics[]
  /** The results on single test items; absent if they are not read, or missing. */
  items?: ItemResults
  /** Of its data set; absent if that is not read, or missing. */
  data?: DataSummary
  /** It was evaluated, but the results on single test items are missing or damaged. */
  itemsGone?: true
  /** The value transmission that is predicted for it; absent if no reward is scaled, or the items are missing. */
  predictedTransmission?: PredictedSignals
  /** sha256 of the final checkpoint's weights. */
  weights?: string
  /** Null if its values are not made yet. */
  valueStatistics: ValueStatistics | null
  /** Of the score predictor, if the arm's values are predicted. */
  prediction?: PredictionQuality
  /** Training left the weights as they were. */
  unchanged?: true
  state: 'done' | 'running' | 'failed' | 'cancelled' | 'paused'
  failure?: string
  /** Why it is done before the last step of its config. */
  stopped?: StoppedEarly
  /** Changes of code or config with which its run was resumed, a sentence each. */
  drifts?: readonly string[]
  /** Absent if rlev trained it: then it has no metrics of steps, and no weights. */
  elsewhere?: TrainedElsewhere
}

export interface TrainedElsewhere {
  trainer: string
  /** Whether greedy columns are of greedy responses, or of the first sampled one of each item. */
  greedy: 'given' | 'first sample'
}

/** What it measures, as a noun phrase. */
export function endpointName(endpoint: Endpoint): string {
  switch (endpoint) {
    case 'expected-h-acc-curve':
      return 'expected H-Acc, mean over the curve'
    case 'expected-h-acc-final':
      return 'expected H-Acc at the end'
    case 'h-acc-curve':
      return 'greedy H-Acc, mean over the curve'
    case 'h-acc-final':
      return 'greedy H-Acc at the end'
    default:
      return endpoint satisfies never
  }
}

/** The greedy endpoint in place of an expected one. */
export function greedyEndpoint(endpoint: Endpoint): Endpoint {
  switch (endpoint) {
    case 'expected-h-acc-curve':
    case 'h-acc-curve':
      return 'h-acc-curve'
    case 'expected-h-acc-final':
    case 'h-acc-final':
      return 'h-acc-final'
    default:
      return endpoint satisfies never
  }
}

/** The endpoint in [0, 1], or [-1, 1] by credit; null without an evaluation after the base. The curve is every evaluation but the base. */
export function endpointOf(evaluations: readonly Evaluation[], endpoint: Endpoint): number | null {
  switch (endpoint) {
    case 'expected-h-acc-curve':
      return overCurve(evaluations, evaluation => evaluation.expected.hAcc)
    case 'expected-h-acc-final':
      return atEnd(evaluations, 'expected')
    case 'h-acc-curve':
      return overCurve(evaluations, evaluation => evaluation.greedy.hAcc)
    case 'h-acc-final':
      return atEnd(evaluations, 'greedy')
    default:
      return endpoint satisfies never
  }
}

/** Mean over the evaluations but the base; null without one. */
export function overCurve(evaluations: readonly Evaluation[], read: (evaluation: Evaluation) => number): number | null {
  const curve = evaluations.slice(1)
  return curve.length === 0 ? null : mean(curve.map(read))
}

function atEnd(evaluations: readonly Evaluation[], decoding: 'greedy' | 'expected'): number | null {
  return evaluations.length < 2 ? null : (evaluations.at(-1)?.[decoding].hAcc ?? null)
}

/** An outcome that is done, with its first and last evaluation and its endpoint. */
export interface FinishedOutcome {
  outcome: ExperimentOutcome
  base: Evaluation
  final: Evaluation
  endpoint: number
}

export function finishedOf(outcome: ExperimentOutcome, endpoint: Endpoint): FinishedOutcome | null {
  const base = outcome.evaluations[0]
  const final = outcome.evaluations.at(-1)
  const value = endpointOf(outcome.evaluations, endpoint)
  if (outcome.state !== 'done' || base === undefined || final === undefined || value === null) return null
  return { outcome, base, final, endpoint: value }
}

/** What says that it learned nothing. */
export function alarmsOfOutcome(outcome: ExperimentOutcome): Alarm[] {
  const { config, metrics, evaluations, state, unchanged = false } = outcome
  return alarmsOf({
    config,
    tally: StepTally.of(metrics),
    evaluation: evaluations.at(-1),
    done: state === 'done',
    unchanged,
  })
}

export const columnKeys = [
  'acc',
  'cut',
  'hAcc',
  'length',
  'valueDensity',
  'accHigh',
  'accLow',
] as const satisfies readonly (keyof Columns)[]
