/**
 * Checks of a plan before it runs: how much of the value reaches the step in each arm, and which arms would take the same step. The paper compares GRPO with and without values; with the group's deviation that is one step under two names.
 */
import { baselineOf } from '../config/baselines.js'
import type { EstimatorName, ExperimentConfig, Plan } from '../config/schema.js'
import { mean } from '../statistics/estimate.js'
import { percentWithSign } from '../text/percent.js'
import { optionFindings } from './option-findings.js'
import type { PlannedArm as Arm, PreflightFinding } from './planned-arm.js'
import { sameStepFindings } from './same-step.js'
import { samplingFindings } from './sampling-findings.js'
import { type SimulatedStep, Simulation, type ValuedItem } from './simulated-step.js'
import { isCancelled, transmission } from './transmission.js'

/** With a baseline or a deviation that is common to the batch, the transmission depends on the pass rates of the policy. */
const ASSUMED = ", were pass rates and lengths independent of values; the report asks again, by the policy's answers"
const throughBatch: ReadonlySet<EstimatorName> = new Set(['batch-deviation', 'reinforce++', 'reinforce++-baseline'])

/** Findings on a plan over the true values of its training items, the most serious first. Its time grows with the number of arms. */
export function preflight(options: PreflightOptions): PreflightFinding[] {
  const arms = armsOf(options)
  const planned = arms.filter(arm => arm.name !== IMAGINED)
  const findings = planned.flatMap(arm => aboutArm(arm))
  findings.push(...optionFindings(planned.filter(({ step }) => transmission(step.signals) !== null)))
  const equal = aboutEqualValues(options, arms)
  const alone = options.plan.kind === 'experiment'
  // With equal values a lone run differs from correctness by one factor, which has been said then.
  const same = sameStepFindings(arms, { alone }).filter(
    ({ severity }) => !alone || equal.length === 0 || severity === 'refuse',
  )
  findings.push(...equal, ...same)
  const order = { refuse: 0, warning: 1, note: 2 }
  return findings.toSorted((a, b) => order[a.severity] - order[b.severity])
}

export interface PreflightOptions {
  plan: Plan
  values: readonly ValuedItem[]
  /** Called after each arm. */
  onArm?: (done: number, of: number) => void
}

const IMAGINED = 'correctness (not run)'

/** A single experiment is set beside the correctness arm that it would be compared with. */
function armsOf({ plan, values, onArm }: PreflightOptions): Arm[] {
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
  const simulation = new Simulation(values)
  return named.map(({ name, config }, index) => {
    const step = simulation.stepOf(config)
    onArm?.(index + 1, named.length)
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

/** If every item has the same value, a scale of the value is one factor for all. */
function aboutEqualValues({ plan, values }: PreflightOptions, arms: readonly Arm[]): PreflightFinding[] {
  const [first] = values
  const valued = arms.find(
    ({ config, step }) => readsValues(config) && step.scales.every(one => one === step.scales[0]),
  )
  if (first === undefined || valued === undefined || values.some(({ value }) => value !== first.value)) return []
  const scale = valued.step.scales[0] ?? 1
  const each = `each of the ${values.length} items has the value ${rounded(first.value)}`
  const so =
    plan.kind === 'experiment'
      ? `every correct answer is rewarded by the same factor, ${rounded(scale)}. For values that act, use data whose items differ in points`
      : 'an arm with values differs from the baseline by one factor at most'
  return [
    {
      severity: 'warning',
      sentence: `${plan.name}: every item is worth the same: values do nothing here (${each}), and ${so}.`,
      numbers: { value: first.value, scale },
    },
  ]
}

const readsValues = ({ reward }: ExperimentConfig): boolean =>
  reward.scale === 'human-aligned' || reward.scale === 'multiplicative'

function rounded(value: number): string {
  return String(Number(value.toPrecision(4)))
}

function aboutArm({ name, config, step }: Arm): PreflightFinding[] {
  const findings = samplingFindings(name, config, step.scales.length)
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
      : `${name}: value transmission ${found.transmission.toFixed(2)} through ${estimator.name} at the ${value.site} (${reach}${throughBatch.has(estimator.name) ? ASSUMED : ''}; mean scale ${numbers.meanScale.toFixed(3)}${reward.scale === 'human-aligned' ? `, ${percentWithSign(numbers.shareClipped)} of the items clipped` : ''}${config.value.ablation === 'predicted' ? '; a predictor that is not trained yet is counted as right' : ''}).`,
    numbers,
  })
  return findings
}

function shareClipped({ reward }: ExperimentConfig, { scales }: SimulatedStep): number {
  if (reward.scale !== 'human-aligned') return 0
  return scales.filter(scale => scale >= 1 + reward.cap).length / scales.length
}
