/** What a comparison of arms says: estimates over seeds, paired differences to the baseline, and what is missing. */

import type { SweepSettings } from '../config/schema.js'
import type { Alarmed } from '../evaluation/alarm-lines.js'
import type { Columns } from '../evaluation/evaluation.js'
import type { ClaimRule, ClaimVerdict } from '../statistics/claim-rule.js'
import type { EffectSize } from '../statistics/effect-size.js'
import type { Estimate, Interval } from '../statistics/estimate.js'
import type { PairedDifference } from '../statistics/paired-difference.js'
import type { PredictionQuality } from '../values/predictor/quality.js'
import type { MeasuredTransmission } from './measured-transmission.js'
import type { Endpoint, ExperimentOutcome } from './outcome.js'
import type { ValueAndDifficulty } from './value-and-difficulty.js'

/** Each of the paper's columns with its estimate over seeds; shares in [0, 1], length in tokens. */
export type ColumnEstimates = ByColumn<Estimate>
export type ColumnDifferences = ByColumn<PairedDifference>

/** A column that some of the evaluations lack is left out. */
export type ByColumn<T> = { [Key in keyof Columns]: T }

export interface Decodings<T> {
  greedy: T
  expected: T
}

export interface SectionComparison {
  section: string
  /** Mean value of the section's items. */
  value: number
  base: Decodings<BySectionColumn<Estimate>>
  final: Decodings<BySectionColumn<Estimate>>
  /** To the arm's baseline, mean over the curve, expected; null for the baseline itself or without a pair. */
  difference: BySectionColumn<PairedDifference> | null
}

/** Without H-Acc if some of the evaluations lack it. */
export interface BySectionColumn<T> {
  acc: T
  hAcc?: T
  length: T
}

/** An arm on a further test set, before and after training. */
export interface TransferComparison {
  name: string
  items: number
  base: Decodings<TransferEstimates>
  final: Decodings<TransferEstimates>
  /** After training, to the arm's baseline; null for a baseline itself or without a pair. */
  difference: Decodings<Record<'acc' | 'hAcc', PairedDifference>> | null
}

export type TransferEstimates = Pick<ColumnEstimates, 'acc' | 'cut' | 'hAcc'>

/** The difference on the endpoint, with Holm's correction over the arms that are not placebos. */
export interface EndpointDifference extends PairedDifference {
  pHolm: number | null
  /** Of the sign-flip test, uncorrected: what is left without the assumption that differences are normal. */
  pSignFlip: number | null
  /** In standard deviations of the paired differences; null with one pair or without spread. */
  effect: EffectSize | null
  /** The smallest true difference that so many seeds, scattering so, find four times in five at p 0.05; null with one pair. */
  detectable: number | null
  /** 95%, over seeds and items both; null if the results on single items are not known, or with one pair. */
  seedsAndItems: Interval | null
  /** Of the claim that the arm gains, by the comparison's `claimRule`; null for a placebo, which is not claimed to gain. */
  verdict: ClaimVerdict | null
}

export interface SeedEndpoint {
  seed: number
  endpoint: number
  /** To the same seed of the baseline; null for a baseline, or if the baseline lacks the seed. */
  difference: number | null
}

export interface SeedPrediction extends PredictionQuality {
  seed: number
}

export interface ArmComparison {
  arm: string
  role: 'baseline' | 'arm' | 'placebo'
  /** The arm that it is compared with; null for a baseline, and without one. */
  against: string | null
  /** Seeds that are done and counted. */
  seeds: readonly number[]
  /** Null when no seed of the arm is done. */
  figures: {
    base: Decodings<ColumnEstimates>
    final: Decodings<ColumnEstimates>
    endpoint: Estimate
    sections: readonly SectionComparison[]
    /** Empty without further test sets. */
    transfer: readonly TransferComparison[]
  } | null
  endpointDifference: EndpointDifference | null
  /** Final columns against the baseline's. */
  finalDifferences: Decodings<ColumnDifferences> | null
  perSeed: readonly SeedEndpoint[]
  /** How well the arm's score predictors predict, seed by seed; empty if values are not predicted. */
  predictions: readonly SeedPrediction[]
  /** The part of the gain that depends on value and not on difficulty; null for a baseline, or if results on single items are not known. */
  difficulty: ValueAndDifficulty | null
  /** How much of the value reached the arm's steps; null if no reward is scaled. */
  transmission: MeasuredTransmission | null
}

export interface Comparison {
  name: string
  endpoint: Endpoint
  /** What the endpoint measures, in words. */
  endpointName: string
  /** Whether the endpoint was fixed before the run: not for a single experiment, nor for runs set side by side afterwards. */
  endpointNamed: boolean
  /** Whether evaluations drew samples. If not, expected figures would repeat the greedy ones, and are not shown. */
  sampled: boolean
  /** In words, for a heading: the arm's name, or `its baseline` if arms have different baselines; null for a single experiment. */
  baseline: string | null
  arms: readonly ArmComparison[]
  /** The rule of the verdicts; null without a baseline. */
  claimRule: ClaimRule | null
  /** What others published for arms of these names; null if the sweep names nothing. */
  published: NonNullable<SweepSettings['published']> | null
  /** Experiments that are not done, and why. */
  missing: readonly { arm: string; seed: number; state: ExperimentOutcome['state'] | 'not started'; failure?: string }[]
  /** Experiments that seem to have learned nothing, those that are not done included; empty if all are healthy. */
  alarms: readonly Alarmed[]
  /** Sentences that a reader of the figures needs. */
  notes: readonly string[]
}
