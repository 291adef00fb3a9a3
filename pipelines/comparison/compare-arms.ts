/**
 * Compares the arms of a sweep over its seeds. The paper compares single runs; here arms are paired by seed (same data, warm start,
 * prompts and evaluation samples), and a single seed gives no interval.
 */

import { baselineOf } from '../config/baselines.js'
import type { Plan } from '../config/schema.js'
import type { Columns } from '../evaluation/evaluation.js'
import { grouped } from '../grouped.js'
import type { ClaimRule } from '../statistics/claim-rule.js'
import { type Estimate, estimate } from '../statistics/estimate.js'
import { pairedDifference } from '../statistics/paired-difference.js'
import { endpointDifference, withClaims } from './claims.js'
import { compareSections } from './compare-sections.js'
import { compareTransfer } from './compare-transfer.js'
import type { ArmComparison, ByColumn, Comparison, Decodings } from './comparison.js'
import { overSeedsAndItems } from './interval-over-items.js'
import { measuredTransmission } from './measured-transmission.js'
import { notesOn } from './notes.js'
import {
  alarmsOfOutcome,
  type Endpoint,
  type ExperimentOutcome,
  endpointName,
  type FinishedOutcome,
  finishedOf,
  greedyEndpoint,
} from './outcome.js'
import { valueAndDifficulty } from './value-and-difficulty.js'

/** Only finished experiments count; the others are listed as missing. */
export function compareArms({ plan, outcomes }: { plan: Plan; outcomes: readonly ExperimentOutcome[] }): Comparison {
  const { endpoint, sampled, placebo, arms, seeds, smallestGain, against } = settingsOf(plan)
  const claimRule: ClaimRule = { direction: 'gain', smallest: smallestGain, significance: 0.05 }
  const finished = outcomes.flatMap(outcome => finishedOf(outcome, endpoint) ?? [])
  const byArm = grouped(finished, ({ outcome }) => outcome.arm)
  const ofArm = (arm: string) => (byArm.get(arm) ?? []).toSorted((a, b) => a.outcome.seed - b.outcome.seed)

  const compared = withClaims(
    claimRule,
    arms.map(arm => {
      const other = against(arm)
      const role = placebo.includes(arm) ? 'placebo' : other === null && plan.kind === 'sweep' ? 'baseline' : 'arm'
      return compareArm({
        arm,
        role,
        endpoint,
        against: other,
        runs: ofArm(arm),
        reference: other === null ? [] : ofArm(other),
      })
    }),
  )
  const several = new Set(compared.flatMap(arm => arm.against ?? [])).size > 1
  const missing = arms.flatMap(arm =>
    seeds
      .filter(seed => !byArm.get(arm)?.some(({ outcome }) => outcome.seed === seed))
      .map(seed => missingOf(outcomes, arm, seed)),
  )
  return {
    name: plan.name,
    endpoint,
    endpointName: endpointName(endpoint),
    endpointNamed: plan.kind === 'sweep' && outcomes.every(({ name }) => name === plan.name),
    sampled,
    baseline: plan.kind !== 'sweep' ? null : several ? 'its baseline' : plan.settings.baseline,
    arms: compared,
    claimRule: plan.kind === 'sweep' ? claimRule : null,
    published: (plan.kind === 'sweep' ? plan.settings.published : undefined) ?? null,
    missing,
    alarms: outcomes
      .map(outcome => ({ arm: outcome.arm, seed: outcome.seed, alarms: alarmsOfOutcome(outcome) }))
      .filter(({ alarms }) => alarms.length > 0)
      .toSorted((a, b) => arms.indexOf(a.arm) - arms.indexOf(b.arm) || a.seed - b.seed),
    notes: notesOn({ arms: compared, severalBaselines: several, outcomes, finished }),
  }
}

interface Settings {
  /** Without samples the greedy one, because expected columns then repeat the greedy ones. */
  endpoint: Endpoint
  sampled: boolean
  placebo: readonly string[]
  seeds: readonly number[]
  arms: readonly string[]
  /** Share; 0 if the sweep names no smallest gain. */
  smallestGain: number
  /** The arm that this one is compared with; null for a baseline. */
  against: (arm: string) => string | null
}

function settingsOf(plan: Plan): Settings {
  if (plan.kind === 'sweep') {
    const { endpoint, placebo, seeds, smallestGain = 0 } = plan.settings
    const arms = plan.arms.map(arm => arm.name)
    const sampled = plan.arms.some(({ config }) => config.evaluation.samples > 0)
    const against = (arm: string) => baselineOf(plan.settings, arm)
    return {
      endpoint: sampled ? endpoint : greedyEndpoint(endpoint),
      sampled,
      placebo,
      seeds,
      arms,
      smallestGain: smallestGain / 100,
      against,
    }
  }
  const sampled = plan.config.evaluation.samples > 0
  return {
    endpoint: sampled ? 'expected-h-acc-curve' : 'h-acc-curve',
    sampled,
    placebo: [],
    seeds: [plan.config.seed],
    arms: [plan.name],
    smallestGain: 0,
    against: () => null,
  }
}

function missingOf(outcomes: readonly ExperimentOutcome[], arm: string, seed: number): Comparison['missing'][number] {
  const outcome = outcomes.find(one => one.arm === arm && one.seed === seed)
  if (outcome === undefined) return { arm, seed, state: 'not started' }
  const { state, failure } = outcome
  return failure === undefined ? { arm, seed, state } : { arm, seed, state, failure }
}

function compareArm({
  arm,
  role,
  against,
  endpoint,
  runs,
  reference,
}: Pick<ArmComparison, 'arm' | 'role' | 'against'> & {
  endpoint: Endpoint
  runs: readonly FinishedOutcome[]
  reference: readonly FinishedOutcome[]
}): ArmComparison {
  const pairs = runs.flatMap(own => {
    const other = reference.find(one => one.outcome.seed === own.outcome.seed)
    return other === undefined ? [] : [{ own, other }]
  })
  const paired = (read: (run: FinishedOutcome) => number) =>
    pairedDifference(
      pairs.map(({ own }) => read(own)),
      pairs.map(({ other }) => read(other)),
    )
  const over = (read: (run: FinishedOutcome) => number) => estimate(runs.map(read))
  const sections = compareSections({
    runs: runs.map(run => run.outcome.evaluations),
    pairs: pairs.map(({ own, other }) => ({ own: own.outcome.evaluations, other: other.outcome.evaluations })),
  })
  const transfer = compareTransfer({ runs, pairs })
  const items = pairs.map(({ own, other }) => ({ own: own.outcome.items, other: other.outcome.items }))
  return {
    arm,
    role,
    against,
    seeds: runs.map(run => run.outcome.seed),
    figures:
      runs.length === 0
        ? null
        : {
            base: decodings(decoding => columnsOf(read => over(run => read(run.base[decoding])))),
            final: decodings(decoding => columnsOf(read => over(run => read(run.final[decoding])))),
            endpoint: over(run => run.endpoint),
            sections,
            transfer,
          },
    endpointDifference:
      pairs.length === 0
        ? null
        : endpointDifference({
            own: pairs.map(({ own }) => own.endpoint),
            other: pairs.map(({ other }) => other.endpoint),
            seedsAndItems: overSeedsAndItems({ pairs: items, endpoint }),
          }),
    finalDifferences:
      pairs.length === 0 ? null : decodings(decoding => columnsOf(read => paired(run => read(run.final[decoding])))),
    perSeed: runs.map(({ outcome, endpoint }) => {
      const pair = pairs.find(({ own }) => own.outcome.seed === outcome.seed)
      return { seed: outcome.seed, endpoint, difference: pair === undefined ? null : endpoint - pair.other.endpoint }
    }),
    predictions: runs.flatMap(({ outcome: { seed, prediction } }) =>
      prediction === undefined ? [] : [{ seed, ...prediction }],
    ),
    difficulty: valueAndDifficulty(items),
    transmission: measuredTransmission(runs.map(run => run.outcome)),
  }
}

function decodings<T>(of: (decoding: 'greedy' | 'expected') => T): Decodings<T> {
  return { greedy: of('greedy'), expected: of('expected') }
}

/** The share of cut responses is left out if one of the evaluations lacks it, which makes its mean NaN. */
function columnsOf<T extends Estimate>(of: (read: (columns: Columns) => number) => T): ByColumn<T> {
  const cut = of(columns => columns.cut ?? Number.NaN)
  return {
    acc: of(columns => columns.acc),
    hAcc: of(columns => columns.hAcc),
    length: of(columns => columns.length),
    valueDensity: of(columns => columns.valueDensity),
    accHigh: of(columns => columns.accHigh),
    accLow: of(columns => columns.accLow),
    ...(Number.isNaN(cut.mean) ? {} : { cut }),
  }
}
