/**
 * What can be said of a plan before it runs: how much of the value reaches the step in each arm, and which arms would take the same
 * step. The paper compares GRPO with and without values; with the group's deviation that is one step under two names.
 */
import { baselineOf } from '../config/baselines.js'
import type { EstimatorName, ExperimentConfig, Plan } from '../config/schema.js'
import { mean } from '../statistics/estimate.js'
import type { ItemValue } from '../values/value.js'
import { type SimulatedStep, simulatedStep, simulateGroups } from './simulated-step.js'
import { isCancelled, transmission } from './transmission.js'

export interface PreflightFinding {
  /** refuse: the plan must not start as it is; warning: it says less than it seems to; note: worth knowing. */
  severity: 'refuse' | 'warning' | 'note'
  arm?: string
  sentence: string
  numbers: Readonly<Record<string, number>>
}

interface Arm {
  name: string
  config: ExperimentConfig
  /** The arm that it is compared with. */
  against: string | null
  placebo: boolean
  step: SimulatedStep
}

/** Advantages are of the order of 1. */
const SAME = 1e-6
/** A baseline or a deviation that is common to the batch ties the transmission to what the policy can do. */
const ASSUMED = ", were pass rates and lengths independent of values; the report asks again, by the policy's answers"
const throughBatch: ReadonlySet<EstimatorName> = new Set(['batch-deviation', 'reinforce++', 'reinforce++-baseline'])

/** Findings on a plan over the true values of its training items, the gravest first. */
export function preflight({ plan, values }: { plan: Plan; values: readonly ItemValue[] }): PreflightFinding[] {
  const arms = armsOf(plan, values)
  const findings = arms.filter(arm => arm.name !== IMAGINED).flatMap(arm => aboutArm(arm))
  for (const [index, first] of arms.entries()) {
    for (const second of arms.slice(index + 1)) findings.push(...aboutPair(first, second))
  }
  const order = { refuse: 0, warning: 1, note: 2 }
  return findings.toSorted((a, b) => order[a.severity] - order[b.severity])
}

const IMAGINED = 'correctness (not run)'

/** A single experiment is set beside the correctness arm that it would be compared with. */
function armsOf(plan: Plan, values: readonly ItemValue[]): Arm[] {
  const named =
    plan.kind === 'sweep'
      ? plan.arms
      : [
          { name: plan.name, config: plan.config },
          ...(plan.config.reward.scale === 'correctness'
            ? []
            : [{ name: IMAGINED, config: correctnessOf(plan.config) }]),
        ]
  const placebos = plan.kind === 'sweep' ? plan.settings.placebo : []
  const against = (name: string) =>
    plan.kind === 'sweep' ? baselineOf(plan.settings, name) : name === IMAGINED ? null : IMAGINED
  return named.map(({ name, config }) => {
    const batches = simulateGroups(values, config)
    const step = simulatedStep({ values, batches, config })
    return { name, config, against: against(name), placebo: placebos.includes(name), step }
  })
}

function correctnessOf(config: ExperimentConfig): ExperimentConfig {
  return {
    ...config,
    reward: { ...config.reward, scale: 'correctness' },
    value: { ...config.value, ablation: 'none', site: 'reward' },
  }
}

function aboutArm({ name, config, step }: Arm): PreflightFinding[] {
  const findings: PreflightFinding[] = []
  const { estimator, rollout, reward, kl, value } = config
  if (rollout.samples < 2 && estimator.name !== 'reinforce++') {
    findings.push({
      severity: 'refuse',
      arm: name,
      sentence: `${name}: ${estimator.name} compares the samples of a prompt, and rollout.samples is 1: no advantage differs from the others. Draw 2 or more, or take reinforce++.`,
      numbers: { samples: rollout.samples },
    })
  }
  if (estimator.name === 'maxrl' && kl.place === 'reward' && kl.coefficient > 0) {
    findings.push({
      severity: 'warning',
      arm: name,
      sentence: `${name}: maxrl divides by the mean reward, which the divergence in the reward can bring near 0: advantages can become very large. Take kl.place loss.`,
      numbers: { coefficient: kl.coefficient },
    })
  }
  const found = transmission(step.signals)
  if (found === null) return findings
  const numbers = { ...found, meanScale: mean(step.scales), shareClipped: shareClipped(config, step) }
  const cancelled = isCancelled(found.transmission)
  const reach = `scale of the top fifth by value ${found.scaleRatio.toFixed(2)} times that of the bottom fifth, advantages ${found.advantageRatio.toFixed(2)} times`
  findings.push({
    severity: cancelled ? (estimator.allowCancelled ? 'warning' : 'refuse') : 'note',
    arm: name,
    sentence: cancelled
      ? `${name}: value transmission 0.00: ${estimator.name} divides the value out again (${reach}). Take another estimator, or value.site advantage or loss, or say estimator.allowCancelled: true.`
      : `${name}: value transmission ${found.transmission.toFixed(2)} through ${estimator.name} at the ${value.site} (${reach}${throughBatch.has(estimator.name) ? ASSUMED : ''}; mean scale ${numbers.meanScale.toFixed(3)}${reward.scale === 'human-aligned' ? `, ${percent(numbers.shareClipped)} of the items clipped` : ''}${config.value.ablation === 'predicted' ? '; a predictor that is not trained yet is counted as right' : ''}).`,
    numbers,
  })
  return findings
}

function shareClipped({ reward }: ExperimentConfig, { scales }: SimulatedStep): number {
  if (reward.scale !== 'human-aligned') return 0
  return scales.filter(scale => scale >= 1 + reward.cap).length / scales.length
}

const isPredicted = ({ config }: Arm): boolean => config.value.ablation === 'predicted'
const isCorrectness = ({ config }: Arm): boolean => config.reward.scale === 'correctness'

/** Whether the two take the same step, or steps that differ by one factor everywhere; nothing when they differ otherwise. */
function aboutPair(first: Arm, second: Arm): PreflightFinding[] {
  if (restOf(first.config) !== restOf(second.config)) return []
  // What a predictor will say is not known: its arm may differ from every other that has values.
  if ([first, second].some(isPredicted) && ![first, second].some(isCorrectness)) return []
  const declared = first.placebo || second.placebo
  const pair = `${first.name} and ${second.name}`
  const largest = largestDifference(first.step.factors, second.step.factors, 1)
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
  const factor = commonFactor(first.step.factors, second.step.factors)
  if (factor === null) {
    // A placebo is declared against the baseline; to other arms it may differ.
    if (!declared || !(first.against === second.name || second.against === first.name)) return []
    return [
      {
        severity: 'warning',
        arm: second.name,
        sentence: `${pair}: declared as placebo, yet their advantages differ by more than a common factor: they take different steps.`,
        numbers: { largestDifference: largest },
      },
    ]
  }
  const { update, kl } = second.config
  const times = `the advantages of ${second.name} are ${factor.toFixed(3)} times those of ${first.name} everywhere`
  const penalised = kl.place === 'loss' && kl.coefficient > 0
  if (update.optimizer === 'sgd') {
    return [
      {
        severity: 'warning',
        arm: second.name,
        sentence: `${pair}: ${times}. Under SGD that is a larger learning rate, so an arm with values is to be compared with the uniform one, not with correctness.`,
        numbers: { factor },
      },
    ]
  }
  const but =
    update.clipNorm !== null
      ? ` The active clipping at ${update.clipNorm} changes that where gradients are clipped.`
      : penalised
        ? ' The divergence in the loss is not multiplied, which changes that.'
        : ''
  return [
    {
      severity: declared ? 'note' : 'warning',
      arm: second.name,
      sentence: `${pair}: ${times}. AdamW divides a common factor out, which makes one a placebo of the other.${but}${declared ? ' Declared as placebo.' : ' Name it under placebo.'}`,
      numbers: { factor },
    },
  ]
}

/** Everything that shapes a step but value, scale and estimator. */
function restOf(config: ExperimentConfig): string {
  const { verifier, tolerance, answer } = config.reward
  const { data, seed, policy, warmStart, rollout, kl, update } = config
  return JSON.stringify({ verifier, tolerance, answer, data, seed, policy, warmStart, rollout, kl, update })
}

function largestDifference(a: readonly number[], b: readonly number[], factor: number): number {
  return b.reduce((largest, value, index) => Math.max(largest, Math.abs(value - factor * (a[index] ?? 0))), 0)
}

/** c with b = c a up to rounding, or null. */
function commonFactor(a: readonly number[], b: readonly number[]): number | null {
  const squares = a.reduce((sum, value) => sum + value * value, 0)
  if (squares === 0) return null
  const factor = a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0) / squares
  return factor > 0 && largestDifference(a, b, factor) <= SAME * factor ? factor : null
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`
}
