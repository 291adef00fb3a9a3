/**
 * Compares the arms of a sweep over its seeds. The paper compares single runs; here arms are paired by seed (same data, warm start,
 * prompts and evaluation samples), and a single seed gives no interval.
 */
import { baselineOf } from '../config/baselines.js'
import type { Plan } from '../config/schema.js'
import type { Columns, Evaluation } from '../evaluation/evaluation.js'
import type { ClaimRule } from '../statistics/claim-rule.js'
import { estimate } from '../statistics/estimate.js'
import { pairedDifference } from '../statistics/paired-difference.js'
import { endpointDifference, withClaims } from './claims.js'
import { compareSections } from './compare-sections.js'
import { compareTransfer } from './compare-transfer.js'
import type { ArmComparison, Comparison, Decodings } from './comparison.js'
import { overSeedsAndItems } from './interval-over-items.js'
import { measuredTransmission } from './measured-transmission.js'
import { type Endpoint, type ExperimentOutcome, endpointName, endpointOf } from './outcome.js'
import { valueAndDifficulty } from './value-and-difficulty.js'

/** An outcome that is done, with a base, a last evaluation and an endpoint. */
interface Finished {
  outcome: ExperimentOutcome
  base: Evaluation
  final: Evaluation
  endpoint: number
}

/** Only finished experiments count; the others are listed as missing. */
export function compareArms({ plan, outcomes }: { plan: Plan; outcomes: readonly ExperimentOutcome[] }): Comparison {
  const { endpoint, placebo, arms, seeds, smallestGain, against } = settingsOf(plan)
  const claimRule: ClaimRule = { direction: 'gain', smallest: smallestGain, significance: 0.05 }
  const finished = outcomes.flatMap(outcome => finishedOf(outcome, endpoint) ?? [])
  const ofArm = (arm: string) =>
    finished.filter(({ outcome }) => outcome.arm === arm).toSorted((a, b) => a.outcome.seed - b.outcome.seed)

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
      .filter(seed => !finished.some(({ outcome }) => outcome.arm === arm && outcome.seed === seed))
      .map(seed => missingOf(outcomes, arm, seed)),
  )
  return {
    name: plan.name,
    endpoint,
    endpointName: endpointName(endpoint),
    baseline: plan.kind !== 'sweep' ? null : several ? 'its baseline' : plan.settings.baseline,
    arms: compared,
    claimRule: plan.kind === 'sweep' ? claimRule : null,
    published: (plan.kind === 'sweep' ? plan.settings.published : undefined) ?? null,
    missing,
    notes: [...notesOn(compared, several), ...driftNotes(outcomes), ...goneNotes(finished)],
  }
}

interface Settings {
  endpoint: Endpoint
  placebo: readonly string[]
  seeds: readonly number[]
  arms: readonly string[]
  /** Share; 0 where the sweep names none. */
  smallestGain: number
  /** The arm that this one is compared with; null for none. */
  against: (arm: string) => string | null
}

function settingsOf(plan: Plan): Settings {
  if (plan.kind === 'sweep') {
    const { endpoint, placebo, seeds, smallestGain = 0 } = plan.settings
    const arms = plan.arms.map(arm => arm.name)
    const against = (arm: string) => baselineOf(plan.settings, arm)
    return { endpoint, placebo, seeds, arms, smallestGain: smallestGain / 100, against }
  }
  return {
    endpoint: 'expected-h-acc-curve',
    placebo: [],
    seeds: [plan.config.seed],
    arms: [plan.name],
    smallestGain: 0,
    against: () => null,
  }
}

function finishedOf(outcome: ExperimentOutcome, endpoint: Endpoint): Finished | null {
  const base = outcome.evaluations[0]
  const final = outcome.evaluations.at(-1)
  const value = endpointOf(outcome.evaluations, endpoint)
  if (outcome.state !== 'done' || base === undefined || final === undefined || value === null) return null
  return { outcome, base, final, endpoint: value }
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
  runs: readonly Finished[]
  reference: readonly Finished[]
}): ArmComparison {
  const pairs = runs.flatMap(own => {
    const other = reference.find(one => one.outcome.seed === own.outcome.seed)
    return other === undefined ? [] : [{ own, other }]
  })
  const paired = (read: (run: Finished) => number) =>
    pairedDifference(
      pairs.map(({ own }) => read(own)),
      pairs.map(({ other }) => read(other)),
    )
  const over = (read: (run: Finished) => number) => estimate(runs.map(read))
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
            base: decodings(decoding => columnsOf(key => over(run => run.base[decoding][key]))),
            final: decodings(decoding => columnsOf(key => over(run => run.final[decoding][key]))),
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
      pairs.length === 0 ? null : decodings(decoding => columnsOf(key => paired(run => run.final[decoding][key]))),
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

function columnsOf<T>(of: (key: keyof Columns) => T): Record<keyof Columns, T> {
  return {
    acc: of('acc'),
    hAcc: of('hAcc'),
    length: of('length'),
    valueDensity: of('valueDensity'),
    accHigh: of('accHigh'),
    accLow: of('accLow'),
  }
}

/** Once a run: its experiments carry the same sentences. */
function driftNotes(outcomes: readonly ExperimentOutcome[]): string[] {
  const notes = outcomes.flatMap(({ name, drifts = [] }) =>
    drifts.map(drift => `${name} went on with changed code or config, ${drift}.`),
  )
  return [...new Set(notes)]
}

function goneNotes(finished: readonly Finished[]): string[] {
  const gone = finished.flatMap(({ outcome: { arm, seed, itemsGone } }) => (itemsGone ? `${arm} seed ${seed}` : []))
  if (gone.length === 0) return []
  return [
    `What each test item got is gone or hurt (rlev verify tells more) of ${gone.join(', ')}: intervals over items, flips, value against difficulty and the transmission predicted from the policy's answers leave them out.`,
  ]
}

function notesOn(arms: readonly ArmComparison[], severalBaselines: boolean): string[] {
  const notes: string[] = []
  const seeds = Math.max(0, ...arms.map(arm => arm.seeds.length))
  if (seeds === 1)
    notes.push(
      'One seed: no interval and no test can be given. A difference between two single runs can be chance alone.',
    )
  if (seeds > 1) {
    notes.push(
      "± is the half width of the 95% interval of Student's t over seeds. Differences are paired by seed: same data, warm start, prompts and evaluation samples.",
    )
  }
  if (arms.some(arm => arm.endpointDifference?.seedsAndItems != null)) {
    notes.push(
      'Over seeds and items: the 95% interval that also takes the test items for a sample of the exam, within its sections; it covers as it says from five seeds on.',
    )
  }
  const pairs = arms.flatMap(({ arm, against }) => (against === null ? [] : [`${arm} with ${against}`]))
  if (severalBaselines) notes.push(`Compared are ${pairs.join(', ')}.`)
  if (arms.some(arm => arm.endpointDifference?.pHolm != null)) {
    notes.push(
      "p is of the two-sided paired t-test on the endpoint; Holm's correction runs over the arms that are not placebos.",
    )
  }
  for (const { arm, role, against } of arms) {
    if (role === 'placebo')
      notes.push(
        `${arm} is a declared placebo: no difference to ${against} is expected; one that shows is a measure of the noise.`,
      )
  }
  if (arms.some(({ predictions }) => predictions.length > 0)) {
    notes.push(
      'Score predictors are measured on the training items, each predicted from other exams; an item without a readable score has the mean value of what its predictor was shown.',
    )
  }
  if (
    arms.some(({ transmission }) => transmission?.predicted.plan != null && transmission.predicted.answers === null)
  ) {
    notes.push(
      "Value transmission: predicting it from the policy's answers needs evaluation.samples of at least rollout.samples.",
    )
  }
  for (const { arm, transmission } of arms) {
    if (transmission?.cancelled)
      notes.push(
        `${arm}: value transmission 0.00 over ${transmission.steps} steps: its estimator cancels the value, so the arm takes the steps of correctness.`,
      )
  }
  return notes
}
