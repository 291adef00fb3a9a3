/**
 * Arms of a plan that would take the same step, or steps that differ by one factor everywhere. Comparing them measures noise, unless
 * one is declared a placebo of the other.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { markingOf } from '../rewards/verify.js'
import type { PlannedArm, PreflightFinding } from './planned-arm.js'
import { commonFactor, equalClasses, largestDifference, proportionalClasses, SAME } from './step-classes.js'

/** Up to this number of arms each pair gets a sentence; more arms share one. */
const MAX_PAIRED = 4

/** Arm names that one sentence lists. */
const MAX_LISTED = 8

/** In the order of the plan. `alone`: of an experiment and the correctness arm that it is set beside, which has no placebo. */
export function sameStepFindings(arms: readonly PlannedArm[], { alone }: { alone: boolean }): PreflightFinding[] {
  const order = new Map(arms.map((arm, index) => [arm, index]))
  const placed: { at: readonly [number, number]; finding: PreflightFinding }[] = []
  const add = (first: PlannedArm, second: PlannedArm, findings: readonly PreflightFinding[]) => {
    const at = [order.get(first) ?? 0, order.get(second) ?? 0] as const
    placed.push(...findings.map(finding => ({ at, finding })))
  }
  const classOf = new Map<PlannedArm, readonly PlannedArm[]>()
  for (const group of groupedBy(arms, restOf)) {
    for (const members of proportionalClasses(group)) {
      for (const arm of members) classOf.set(arm, members)
      if (members.length > MAX_PAIRED) add(members[0] as PlannedArm, members[1] as PlannedArm, aboutMany(members))
      else for (const [first, second] of pairsOf(members)) add(first, second, aboutPair(first, second, alone))
    }
  }
  const byName = new Map(arms.map(arm => [arm.name, arm]))
  for (const arm of arms.filter(({ placebo }) => placebo)) {
    const other = byName.get(arm.against ?? '')
    if (other === undefined || classOf.get(arm) === classOf.get(other)) continue
    const [first, second] = (order.get(arm) ?? 0) < (order.get(other) ?? 0) ? [arm, other] : [other, arm]
    add(first, second, aboutFalsePlacebo(first, second))
  }
  return placed.toSorted((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1]).map(({ finding }) => finding)
}

const isPredicted = ({ config }: PlannedArm): boolean => config.value.ablation === 'predicted'
const isCorrectness = ({ config }: PlannedArm): boolean => config.reward.scale === 'correctness'

/** The predictions are not known yet, so an arm with a score predictor may differ from every other arm with values. */
function isUnknown(first: PlannedArm, second: PlannedArm): boolean {
  return [first, second].some(isPredicted) && ![first, second].some(isCorrectness)
}

/** Two arms whose steps are equal or multiples of each other. */
function aboutPair(first: PlannedArm, second: PlannedArm, alone: boolean): PreflightFinding[] {
  if (isUnknown(first, second)) return []
  const declared = first.placebo || second.placebo
  const pair = `${first.name} and ${second.name}`
  const largest = largestDifference(first.step.factors, second.step.factors)
  if (largest <= SAME) {
    const allowed = first.config.estimator.allowCancelled || second.config.estimator.allowCancelled
    return [
      {
        severity: declared ? 'note' : allowed ? 'warning' : 'refuse',
        arm: second.name,
        sentence: `${pair} would take the same step: their advantages are equal.${declared ? ' Declared as placebo.' : ' Their comparison would measure noise only. Change one, or name it under placebo.'}`,
        numbers: { largestDifference: largest },
      },
    ]
  }
  const factor = commonFactor(first.step.factors, second.step.factors) ?? 1
  if (alone) return [aboutLoneFactor(first, 1 / factor)]
  const times = `the advantages of ${second.name} are ${factor.toFixed(3)} times those of ${first.name} everywhere`
  return [
    {
      severity: declared && second.config.update.optimizer !== 'sgd' ? 'note' : 'warning',
      arm: second.name,
      sentence: `${pair}: ${times}. ${consequence(second.config, declared)}`,
      numbers: { factor },
    },
  ]
}

/** What a factor that all advantages share does to the comparison. */
function consequence({ update, kl }: ExperimentConfig, declared: boolean): string {
  if (update.optimizer === 'sgd')
    return 'Under SGD that is a larger learning rate, so an arm with values is to be compared with the uniform one, not with correctness.'
  const penalised = kl.place === 'loss' && kl.coefficient > 0
  const varied = update.entropyCoefficient !== undefined && update.entropyCoefficient !== null
  const but =
    update.clipNorm !== null
      ? ` The active clipping at ${update.clipNorm} changes that where gradients are clipped.`
      : penalised
        ? ' The divergence in the loss is not multiplied, which changes that.'
        : varied
          ? ' The entropy in the loss is not multiplied, which changes that.'
          : ''
  return `AdamW divides a common factor out, which makes one a placebo of the other.${but}${declared ? ' Declared as placebo.' : ' Name it under placebo.'}`
}

/** A single experiment has no placebo: the finding is that its values change nothing. */
function aboutLoneFactor({ name, config: { reward, update } }: PlannedArm, factor: number): PreflightFinding {
  const times = `the advantages are ${factor.toFixed(3)} times those of a run with the scale correctness, in every prompt`
  const so =
    update.optimizer === 'sgd'
      ? 'Under SGD that is another learning rate and nothing else.'
      : 'AdamW divides a common factor out, so the run takes nearly the steps of correctness.'
  return {
    severity: reward.scale === 'uniform' ? 'note' : 'warning',
    arm: name,
    sentence: `${name}: ${times}. ${so}`,
    numbers: { factor },
  }
}

/** A placebo is declared against the arm that it is compared with; to other arms it may differ. */
function aboutFalsePlacebo(first: PlannedArm, second: PlannedArm): PreflightFinding[] {
  if (restOf(first.config) !== restOf(second.config) || isUnknown(first, second)) return []
  return [
    {
      severity: 'warning',
      arm: second.name,
      sentence: `${first.name} and ${second.name}: declared as placebo, yet their advantages differ by more than a common factor: they take different steps.`,
      numbers: { largestDifference: largestDifference(first.step.factors, second.step.factors) },
    },
  ]
}

/** More arms than are told in pairs. */
function aboutMany(members: readonly PlannedArm[]): PreflightFinding[] {
  const known = members.filter(arm => !isPredicted(arm))
  const equal = equalClasses(known)
  const findings = equal.flatMap((same): PreflightFinding[] => {
    const open = same.filter(({ placebo }) => !placebo)
    if (same.length < 2) return []
    const allowed = open.filter(({ config }) => !config.estimator.allowCancelled).length < 2
    const sentence =
      open.length < 2
        ? `${listed(same)} would take the same step. Declared as placebo.`
        : `${listed(open)} would take the same step: their advantages are equal. Comparing them would measure noise only. Keep one of them, or name the others under placebo.`
    return [
      {
        severity: open.length < 2 ? 'note' : allowed ? 'warning' : 'refuse',
        sentence,
        numbers: { arms: same.length },
      },
    ]
  })
  const first = equal[0]?.[0]
  const others = equal.slice(1).flatMap(same => same.slice(0, 1))
  if (first === undefined || others.length === 0) return findings
  const factors = others.map(arm => commonFactor(first.step.factors, arm.step.factors) ?? 1)
  const declared = others.every(({ placebo }) => placebo)
  const range = `${Math.min(...factors).toFixed(3)} to ${Math.max(...factors).toFixed(3)}`
  return [
    ...findings,
    {
      severity: declared && first.config.update.optimizer !== 'sgd' ? 'note' : 'warning',
      sentence: `${listed(others)}: their advantages are multiples of those of ${first.name} (${range} times). ${consequence(first.config, declared)}`,
      numbers: { arms: others.length },
    },
  ]
}

function listed(arms: readonly PlannedArm[]): string {
  const names = arms.slice(0, MAX_LISTED).map(({ name }) => name)
  return arms.length > MAX_LISTED ? `${names.join(', ')} and ${arms.length - MAX_LISTED} more` : names.join(', ')
}

/** Everything that decides a step except value, scale and estimator. */
function restOf(config: ExperimentConfig): string {
  const { data, seed, policy, warmStart, rollout, overlong, kl, update } = config
  return JSON.stringify({ marking: markingOf(config), data, seed, policy, warmStart, rollout, overlong, kl, update })
}

function groupedBy(arms: readonly PlannedArm[], key: (config: ExperimentConfig) => string): PlannedArm[][] {
  const groups = new Map<string, PlannedArm[]>()
  for (const arm of arms) {
    const name = key(arm.config)
    groups.set(name, [...(groups.get(name) ?? []), arm])
  }
  return [...groups.values()]
}

function pairsOf(arms: readonly PlannedArm[]): [PlannedArm, PlannedArm][] {
  return arms.flatMap((first, index) =>
    arms.slice(index + 1).map((second): [PlannedArm, PlannedArm] => [first, second]),
  )
}
