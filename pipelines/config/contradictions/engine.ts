/** Rules about what the engine of a config cannot do, by the table of capabilities. */
import { type Capabilities, capabilities } from '../engine-capabilities.js'
import { engineKind } from '../engine-kinds.js'
import { adapterTargetNames } from '../sections/training.js'
import type { Finding, Rule, Rules, Subject } from './finding.js'

/** A rule that finds `asked` where the engine lacks the capability. */
function needs(
  capability: keyof Capabilities,
  asked: (subject: Subject) => { key: string; expected: string; found: string } | null,
): Rule {
  return subject => {
    const can = capabilities[engineKind(subject.config.engine)][capability]
    const wanted = can === true ? null : asked(subject)
    if (can === true || wanted === null) return []
    return [{ severity: 'refuse', message: can.because, ...wanted, remedy: can.instead }]
  }
}

export const engineRules: Rules = {
  engineTrainsWeights: needs('fullWeights', ({ config: { update } }) =>
    update.adapter === null ? { key: 'update.adapter', expected: 'an adapter', found: 'null' } : null,
  ),
  engineHasAdapter: needs('anyAdapter', ({ config: { update } }) => {
    const { adapter } = update
    if (adapter === null) return null
    const missing = adapterTargetNames.filter(name => !adapter.targets.includes(name))
    if (adapter.alpha !== 32) {
      return { key: 'update.adapter.alpha', expected: '32', found: String(adapter.alpha) }
    }
    if (missing.length === 0) return null
    return {
      key: 'update.adapter.targets',
      expected: adapterTargetNames.join(', '),
      found: `all but ${missing.join(', ')}`,
    }
  }),
  engineHasOptimizer: needs('sgd', ({ config: { update } }) =>
    update.optimizer === 'sgd' ? { key: 'update.optimizer', expected: 'adamw', found: 'sgd' } : null,
  ),
  engineHasTemperature: needs('temperature', ({ config: { rollout } }) =>
    rollout.temperature === 1
      ? null
      : { key: 'rollout.temperature', expected: '1', found: String(rollout.temperature) },
  ),
  engineHasEntropy: needs('entropyInLoss', ({ config: { update } }) =>
    update.entropyCoefficient === undefined || update.entropyCoefficient === null
      ? null
      : { key: 'update.entropyCoefficient', expected: 'null', found: String(update.entropyCoefficient) },
  ),
  engineHasScratchPolicy: needs('scratchPolicy', ({ config: { policy } }) =>
    policy.from === 'scratch' ? { key: 'policy.from', expected: 'checkpoint', found: 'scratch' } : null,
  ),
  engineTeaches: needs('supervisedSteps', ({ config: { policy, value } }) => {
    if (policy.from === 'checkpoint' && policy.warmStart)
      return { key: 'policy.warmStart', expected: 'null', found: 'a warm start' }
    return value.ablation === 'predicted'
      ? { key: 'value.ablation', expected: 'another one', found: 'predicted, which teaches a score predictor' }
      : null
  }),
  engineMemoryOptionsAct: ({ config, given }) => {
    const can = capabilities[engineKind(config.engine)].memoryOptions
    if (can === true) return []
    return ['update.tokenBudget', 'update.gradientCheckpointing', 'rollout.chunk'].filter(given).map(
      (key): Finding => ({
        severity: 'warning',
        key,
        message: `${key} has no effect: ${can.because}`,
        remedy: can.instead,
      }),
    )
  },
}
