/** Rules about warm start, estimator and optimizer: that every key given acts, and that a step can be made. */
import type { Finding, Rules } from './finding.js'
import { withoutEffect } from './finding.js'

const warmStartKeys = [
  'steps',
  'batch',
  'learningRate',
  'warmup',
  'weightDecay',
  'clipNorm',
  'sectionShares',
  'workingShares',
  'finalSteps',
  'finalWorkingShare',
].map(key => `warmStart.${key}`)

const syntheticWarmStartKeys = warmStartKeys.filter(key => /Shares?$|finalSteps$/.test(key))

/** Estimators that add `epsilon` to what they divide by. */
const dividing: readonly string[] = ['grpo', 'batch-deviation', 'maxrl']

export const warmStartRules: Rules = {
  warmStartKeysAct: subject => {
    const { policy, data, warmStart } = subject.config
    if (policy.from === 'checkpoint')
      return withoutEffect(subject, warmStartKeys, 'a checkpoint is taught by policy.warmStart, if at all')
    if (warmStart.steps === 0) {
      const others = warmStartKeys.filter(key => key !== 'warmStart.steps')
      const unlearned: Finding = {
        severity: 'warning',
        key: 'warmStart.steps',
        message: 'without a warm start, a policy made from scratch gives no correct answers, so nothing is rewarded',
      }
      return [unlearned, ...withoutEffect(subject, others, 'warmStart.steps is 0')]
    }
    if (data.source === 'synthetic') return []
    return withoutEffect(
      subject,
      syntheticWarmStartKeys,
      'it is for synthetic exams; items of a file show their working where they have one',
    )
  },
  checkpointCanBeTaught: ({ config: { policy, reward } }) => {
    if (policy.from !== 'checkpoint' || policy.warmStart === undefined || policy.warmStart === null) return []
    const { steps, warmup } = policy.warmStart
    const findings: Finding[] = []
    if (typeof reward.answer === 'object' && 'pattern' in reward.answer) {
      findings.push({
        severity: 'refuse',
        key: 'policy.warmStart',
        message: 'a warm start writes answers where reward.answer looks for them, and a pattern does not tell how',
        expected: 'another reward.answer, as {tag: answer}, boxed or last-line',
        found: JSON.stringify(reward.answer),
        remedy: 'set another reward.answer, or leave policy.warmStart out',
      })
    }
    if (warmup > steps) {
      findings.push({
        severity: 'warning',
        key: 'policy.warmStart.warmup',
        message: `policy.warmStart.warmup ${warmup} is longer than the warm start of ${steps} steps`,
        expected: `at most ${steps}`,
      })
    }
    return findings
  },
  warmStartIsLongEnough: ({ config: { policy, data, warmStart } }) => {
    if (policy.from !== 'scratch' || warmStart.steps === 0) return []
    const findings: Finding[] = []
    for (const key of ['warmup', 'finalSteps'] as const) {
      if (warmStart[key] <= warmStart.steps || (key === 'finalSteps' && data.source === 'file')) continue
      findings.push({
        severity: 'warning',
        key: `warmStart.${key}`,
        message: `warmStart.${key} ${warmStart[key]} is longer than the warm start of ${warmStart.steps} steps`,
        expected: `at most ${warmStart.steps}`,
      })
    }
    if (data.source === 'synthetic' && warmStart.sectionShares.every(share => share === 0)) {
      findings.push({
        severity: 'refuse',
        key: 'warmStart.sectionShares',
        message: 'no section is drawn in the warm start',
        expected: 'at least one share above 0',
      })
    }
    return findings
  },
}

export const stepRules: Rules = {
  samplesToCompare: ({ config: { rollout, estimator } }) => {
    if (rollout.samples > 1 || estimator.name === 'reinforce++') return []
    return [
      {
        severity: 'refuse',
        key: 'rollout.samples',
        message: `${estimator.name} compares the samples of a prompt with each other`,
        expected: 'rollout.samples of at least 2',
        found: '1',
        remedy: 'draw more samples, or take reinforce++',
      },
    ]
  },
  estimatorEpsilonActs: subject => {
    const { name } = subject.config.estimator
    return dividing.includes(name) ? [] : withoutEffect(subject, ['estimator.epsilon'], `${name} adds it to nothing`)
  },
  klKeysAct: subject => {
    const { place, coefficient } = subject.config.kl
    const acts = place === 'reward' || place === 'loss'
    if (acts && coefficient > 0) return []
    if (!acts)
      return withoutEffect(subject, ['kl.coefficient', 'kl.estimator'], `kl.place is ${place}`).filter(
        ({ key }) => key === 'kl.estimator' || coefficient > 0,
      )
    return withoutEffect(subject, ['kl.place', 'kl.estimator'], 'kl.coefficient is 0')
  },
  klHasGradient: ({ config: { kl } }) => {
    // d(log pi) is d(k1), and the mean of d(log pi) over the policy's own samples is zero.
    if (kl.place !== 'loss' || kl.estimator !== 'k1' || kl.coefficient === 0) return []
    return [
      {
        severity: 'refuse',
        key: 'kl.estimator',
        message: 'kl.estimator k1 in the loss has an expected gradient of zero: it adds noise and restrains nothing',
        expected: 'k2 or k3',
        found: 'k1',
        remedy: 'take k2, whose gradient is that of the divergence, or k3; or kl.place reward, where k1 is right',
      },
    ]
  },
  optimizerKeysAct: subject => {
    if (subject.config.update.optimizer === 'adamw') return []
    return withoutEffect(subject, ['update.betas', 'update.epsilon'], 'sgd has no moments')
  },
}
