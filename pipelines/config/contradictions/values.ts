/** Rules about values and rewards: that the value an arm is named after reaches the step. */
import type { ExperimentConfig } from '../schema.js'
import { isOfUser } from '../verifier-way.js'
import type { Finding, Rules } from './finding.js'
import { withoutEffect } from './finding.js'

/** Estimators that divide each prompt's advantages by something of the prompt's own rewards. */
const cancelling: readonly string[] = ['grpo', 'maxrl']

/** Whether the estimator divides out what the arm does with its values, so that the arm takes the step of correctness. */
export function cancelsValue({ estimator, value, reward, kl }: ExperimentConfig): boolean {
  const passes = value.site !== 'reward' || (kl.place === 'reward' && kl.coefficient > 0)
  return cancelling.includes(estimator.name) && reward.scale !== 'correctness' && !passes
}

/** What `value.noise` must be. */
const levels = {
  permuted: { expected: 'value.noise below 1: the share of the items', fits: (noise: number) => noise < 1 },
  gaussian: { expected: 'value.noise in deviations of the true values', fits: () => true },
  lognormal: { expected: 'value.noise: the deviation of the logarithm', fits: () => true },
  rounded: {
    expected: 'value.noise: a whole number of grades, 2 or more',
    fits: (noise: number) => Number.isInteger(noise) && noise > 1,
  },
} as const

export const valueRules: Rules = {
  scaleReadsValues: ({ config: { value, reward } }) => {
    if (value.ablation === 'none' || reward.scale === 'human-aligned' || reward.scale === 'multiplicative') return []
    return [
      {
        severity: 'refuse',
        key: 'value.ablation',
        message: `${value.ablation} values have no effect with the scale ${reward.scale}, which does not use them`,
        expected: `reward.scale human-aligned or multiplicative where value.ablation is ${value.ablation}`,
        found: `reward.scale ${reward.scale}`,
        remedy: 'leave value.ablation out, or take another reward.scale',
      },
    ]
  },
  valueNoiseHasLevel: subject => {
    const { ablation, noise } = subject.config.value
    const because = `value.ablation is ${ablation}`
    const idle = [
      ...(ablation === 'weak' ? [] : withoutEffect(subject, ['value.weakLabels'], because)),
      ...(ablation === 'predicted' ? [] : withoutEffect(subject, ['value.predictor'], because)),
    ]
    if (ablation === 'none' || ablation === 'shuffled' || ablation === 'weak' || ablation === 'predicted') {
      return [...idle, ...withoutEffect(subject, ['value.noise'], `value.ablation ${ablation} has no level`)]
    }
    const { expected, fits } = levels[ablation]
    if (noise !== null && fits(noise)) return idle
    const found = noise === null ? 'none' : String(noise)
    return [
      ...idle,
      {
        severity: 'refuse',
        key: 'value.noise',
        message: `value.ablation ${ablation} needs a level`,
        expected,
        found,
        remedy: 'set value.noise so, or take another value.ablation',
      },
    ]
  },
  scaleKeysAct: subject => {
    const { reward, value } = subject.config
    if (reward.scale === 'multiplicative')
      return withoutEffect(subject, ['reward.cap'], 'the multiplicative scale is not clipped')
    if (reward.scale !== 'correctness') return []
    const because = 'the scale correctness is 1 for every item'
    return withoutEffect(
      subject,
      ['reward.alpha', 'reward.cap', ...(value.site === 'reward' ? [] : ['value.site'])],
      because,
    )
  },
  valueIsNotCancelled: subject => {
    const { estimator, reward } = subject.config
    if (!cancelsValue(subject.config)) {
      return estimator.allowCancelled
        ? withoutEffect(subject, ['estimator.allowCancelled'], 'nothing is cancelled in this arm')
        : []
    }
    if (estimator.allowCancelled || (reward.scale === 'uniform' && subject.placebo)) return []
    const divisor = estimator.name === 'grpo' ? 'the deviation of its own group' : 'the mean of its own group'
    return [
      {
        severity: 'refuse',
        key: 'estimator.name',
        message: `${estimator.name} cancels the scale ${reward.scale}: it divides a prompt's rewards by ${divisor}, so the arm takes the step of correctness`,
        expected:
          'an estimator that passes the value on (rloo, reinforce++, reinforce++-baseline, dr-grpo, batch-deviation), or value.site advantage or loss',
        found: `estimator.name ${estimator.name}, reward.scale ${reward.scale}, value.site reward`,
        remedy:
          'take dr-grpo or batch-deviation for a GRPO that keeps values, or say estimator.allowCancelled: true to run it knowingly',
      },
    ]
  },
  partialCreditActs: subject => {
    const { verifier, partial } = subject.config.reward
    const others = Object.values(subject.config.evaluation.transfer ?? {}).map(set => set.verifier)
    if ([verifier, ...others].includes('choice') || partial === 'none') return []
    return withoutEffect(subject, ['reward.partial'], `the verifier ${verifier} has no options to choose some of`)
  },
  creditsFitEstimator: ({ config: { estimator, reward, steps } }) => {
    if (estimator.name !== 'maxrl' || steps === 0) return []
    const deducted = bySection<number>(reward.wrongCredit).some(credit => credit < 0)
    const parts = bySection<string>(reward.partial).some(rule => rule !== 'none')
    if (deducted) return [negativeUnderMaxrl(JSON.stringify(reward.wrongCredit))]
    if (!parts) return []
    return [
      {
        severity: 'warning',
        key: 'reward.partial',
        message:
          'maxrl is meant for rewards that are 0 or 1: with partial credit its step is no gradient of a likelihood',
        expected: 'reward.partial none, or another estimator',
      },
    ]
  },
  toleranceActs: subject => {
    const { reward, evaluation } = subject.config
    const transferred = Object.values(evaluation.transfer ?? {}).map(({ verifier }) => verifier)
    if ([reward.verifier, ...transferred].some(verifier => verifier === 'numeric' || verifier === 'math')) return []
    const own = isOfUser(reward)
    return [
      ...withoutEffect(subject, ['reward.tolerance'], `the verifier ${reward.verifier} compares without one`),
      // Another rule says it of verifiers of the user.
      ...(own ? [] : withoutEffect(subject, ofNumbers, `the verifier ${reward.verifier} compares no numbers`)),
    ]
  },
}

const ofNumbers = ['reward.absoluteTolerance', 'reward.units']

/** One value for all sections, or those of each. */
function bySection<Value>(rule: Value | Readonly<Record<string, Value>>): Value[] {
  return typeof rule === 'object' ? Object.values(rule as Readonly<Record<string, Value>>) : [rule]
}

function negativeUnderMaxrl(found: string): Finding {
  return {
    severity: 'refuse',
    key: 'reward.wrongCredit',
    message:
      'maxrl divides by the mean reward of a prompt, which points deducted for wrong answers bring near 0 or below: its advantages would be very large or all 0',
    expected: 'reward.wrongCredit 0, or an estimator that does not divide by a mean reward',
    found,
    remedy: 'take another estimator, as dr-grpo or rloo',
  }
}
