/**
 * Metrics of a training step's records: reward, verdicts, length by value, degenerate groups, value
 * transmission. Solve rates use the verdict and degenerate groups the credit, because rewards of correct responses
 * vary with the value.
 */
import { advantages } from '../advantages/advantages.js'
import { isDegenerate, isScored } from '../advantages/estimators/group.js'
import { klOfResponse } from '../advantages/kl.js'
import { overlongPenalty } from '../advantages/overlong.js'
import type { StepRecord } from '../advantages/records.js'
import { groupRecords, penalised, penaltyOf, type RecordConfig } from '../advantages/records.js'
import { type StepSignal, signalOf, transmission } from '../advantages/transmission.js'
import type { ExperimentConfig } from '../config/schema.js'
import { canGiveCredit } from '../rewards/credit.js'
import { creditOf } from '../rewards/mark.js'
import { rewardOf } from '../rewards/reward.js'
import type { Rollout } from '../rollout/response.js'
import { mean } from '../statistics/estimate.js'
import { fifths, weightsInFifth } from '../statistics/fifths.js'
import { weightedMean } from '../statistics/weighted-mean.js'

type MetricsConfig = RecordConfig & { rollout: Partial<Pick<ExperimentConfig['rollout'], 'stop'>> }

/**
 * Metrics by name, finite numbers only. A metric that the step does not define is left out: a mean reward
 * without a scored response, a transmission without a difference in scale. Shares in [0, 1], lengths in tokens,
 * divergence in nats per token.
 */
export function trainingMetrics({
  rollout,
  records,
  config,
}: {
  rollout: Rollout
  records: readonly StepRecord[]
  config: MetricsConfig
}): Record<string, number> {
  const scored = records.filter(isScored)
  const groups = groupRecords(records)
  const share = (verdict: StepRecord['verdict']) =>
    records.filter(record => record.verdict === verdict).length / records.length
  const rows = records.map(record => ({ value: record.value, weight: 1 }))
  const lengths = records.map(record => record.length)
  const signal = realisedSignal({ rollout, records, config })
  const metrics: Record<string, number> = {
    'reward/mean': mean(scored.map(record => record.reward)),
    'reward/scale_mean': mean(records.map(record => record.scale)),
    ...(canGiveCredit(config.reward) || records.some(({ credit }) => credit !== undefined)
      ? { 'reward/credit_mean': mean(scored.map(creditOf)) }
      : {}),
    'verdict/correct': share('correct'),
    'verdict/wrong': share('wrong'),
    'verdict/unscored': share('unscored'),
    'length/mean': mean(lengths),
    'advantage/abs_mean': mean(scored.map(record => Math.abs(record.advantage))),
    'rollout/finished': mean(rollout.responses.map(response => (response.finish === 'stop' ? 1 : 0))),
    ...(config.rollout.stop == null
      ? {}
      : { 'rollout/stopped': mean(rollout.responses.map(({ stoppedBy }) => (stoppedBy === undefined ? 0 : 1))) }),
    'groups/degenerate': mean(groups.map(group => (isDegenerate(group) ? 1 : 0))),
    'value/transmission': transmission([signal])?.transmission ?? Number.NaN,
    ...signalMetrics(signal),
  }
  for (const fifth of fifths)
    metrics[`length/value_fifth_${fifth}`] = weightedMean(lengths, weightsInFifth(rows, fifth))
  Object.assign(metrics, overlongMetrics(records, config), drawMetrics(rollout))
  const divergence = divergenceOf(rollout)
  if (divergence !== null) Object.assign(metrics, divergence)
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)))
}

/** Of dynamic sampling: prompts drawn, replaced, and left without a signal. */
function drawMetrics({ dynamic }: Rollout): Record<string, number> {
  if (dynamic === undefined) return {}
  const { rounds, prompts, replaced, left, tokens } = dynamic
  return {
    'dynamic/rounds': rounds,
    'dynamic/prompts': prompts,
    'dynamic/replaced': replaced,
    'dynamic/left': left,
    'dynamic/tokens': tokens,
  }
}

/** Of the options that are on. */
function overlongMetrics(records: readonly StepRecord[], config: RecordConfig): Record<string, number> {
  const { mask = false, buffer = null } = config.overlong ?? {}
  const penalties = records.filter(isScored).map(({ length }) => overlongPenalty(length, config))
  return {
    ...(mask ? { 'overlong/masked': mean(records.map(({ masked }) => (masked ? 1 : 0))) } : {}),
    ...(buffer === null
      ? {}
      : {
          'overlong/penalised': mean(penalties.map(penalty => (penalty > 0 ? 1 : 0))),
          'overlong/penalty_mean': mean(penalties),
        }),
  }
}

/** Mean |advantage| of each prompt, and what the same verdicts give if every scale is 1. */
function realisedSignal({
  rollout,
  records,
  config,
}: {
  rollout: Rollout
  records: readonly StepRecord[]
  config: RecordConfig
}): StepSignal {
  const unscaled = records.map((record, index): StepRecord => {
    const response = rollout.responses[index]
    const penalty = response === undefined ? 0 : penaltyOf(response, config)
    const reward = rewardOf({ ...record, scale: 1 })
    return { ...record, reward: penalised({ ...record, reward }, penalty) }
  })
  const groups = groupRecords(unscaled)
  const without = advantages({ estimator: config.estimator, groups })
  const rows = groups.flatMap((group, row) => {
    const kept = group.map((record, column) => ({ record, plain: record.masked ? 0 : (without[row]?.[column] ?? 0) }))
    const scored = kept.filter(({ record }) => isScored(record))
    const first = group[0]
    if (first === undefined || scored.length === 0) return []
    const atLoss = config.value.site === 'loss' ? first.scale : 1
    return [
      {
        value: first.value,
        scale: first.scale,
        withValue: atLoss * mean(scored.map(({ record }) => Math.abs(record.advantage))),
        without: mean(scored.map(({ plain }) => Math.abs(plain))),
      },
    ]
  })
  return signalOf(rows)
}

const signalParts = {
  withValue: 'value/advantage',
  without: 'value/advantage_unscaled',
  scaled: 'value/advantage_scaled',
} as const
const ends = ['top', 'bottom'] as const

/** The signal as metrics. */
function signalMetrics(signal: StepSignal): Record<string, number> {
  return Object.fromEntries(
    ends.flatMap(end =>
      Object.entries(signalParts).map(([part, name]) => [
        `${name}_${end}`,
        signal[end][part as keyof typeof signalParts],
      ]),
    ),
  )
}

/** A step's signal from its metrics; null if they lack it, as those of older versions do. */
export function signalOfMetrics(values: Readonly<Record<string, number>>): StepSignal | null {
  const read = (end: (typeof ends)[number]) => {
    const part = (key: keyof typeof signalParts) => values[`${signalParts[key]}_${end}`]
    const [withValue, without, scaled] = [part('withValue'), part('without'), part('scaled')]
    return withValue === undefined || without === undefined || scaled === undefined
      ? null
      : { withValue, without, scaled }
  }
  const [top, bottom] = [read('top'), read('bottom')]
  return top === null || bottom === null ? null : { top, bottom }
}

/** Mean over tokens of the three KL estimators, if the rollout has the reference's log-probabilities. */
export function divergenceOf(rollout: Rollout): Record<string, number> | null {
  const terms = rollout.responses.filter(response => response.referenceLogProbs !== undefined)
  const tokens = terms.reduce((sum, response) => sum + response.logProbs.length, 0)
  if (tokens === 0) return null
  const sums = terms.map(klOfResponse)
  const of = (key: 'k1' | 'k2' | 'k3') => sums.reduce((sum, term) => sum + term[key], 0) / tokens
  return { 'kl/k1': of('k1'), 'kl/k2': of('k2'), 'kl/k3': of('k3') }
}
