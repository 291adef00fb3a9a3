/** Rules about what is kept: that checkpoints are there for what needs them, and that trimming finds something to trim behind. */
import { checkpointDue, checkpointSteps, evaluationDue, evaluationSteps } from '../due-steps.js'
import { engineKind } from '../engine-kinds.js'
import { rolloutPiece } from '../rollout-piece.js'
import type { Finding, Rules } from './finding.js'
import { withoutEffect } from './finding.js'

export const keepingRules: Rules = {
  bestCheckpointCanBeTold: subject => {
    const { checkpoint, evaluation } = subject.config
    if (checkpoint.best === null) return []
    if (checkpoint.best.startsWith('expected') && evaluation.samples === 0)
      return [withoutSamples('checkpoint.best', checkpoint.best)]
    const steps = checkpointSteps(subject.config)
    if (steps.length <= checkpoint.keep + 1)
      return withoutEffect(subject, ['checkpoint.best'], `checkpoint.keep keeps all ${steps.length} checkpoints`)
    if (steps.slice(0, -1).some(step => evaluationDue(step, subject.config))) return []
    const because = `no checkpoint before the last is evaluated (checkpoint.everySteps ${checkpoint.everySteps}, evaluation.every ${evaluation.every})`
    return withoutEffect(subject, ['checkpoint.best'], because)
  },
  earlyStopCanCome: subject => {
    const { steps, evaluation } = subject.config
    const rule = evaluation.earlyStop
    if (rule === null) return []
    const key = 'evaluation.earlyStop'
    if (steps === 0) return withoutEffect(subject, [key], 'nothing is trained')
    if (rule.metric.startsWith('expected') && evaluation.samples === 0)
      return [withoutSamples('evaluation.earlyStop.metric', rule.metric)]
    // The evaluation after the last step ends training anyway.
    const before = evaluationSteps(subject.config).length - 2
    if (rule.patience <= before) return []
    return [
      {
        severity: 'warning',
        key: 'evaluation.earlyStop.patience',
        message: `training cannot end early: there are ${Math.max(0, before)} evaluations between the first and the last, fewer than the patience of ${rule.patience}`,
        expected: `a patience of at most ${Math.max(1, before)}, or a smaller evaluation.every`,
      },
    ]
  },
  piecesHaveTheirPolicy: ({ config }) => {
    const { evaluation, checkpoint, engine } = config
    if (evaluation.piece === undefined || engineKind(engine) !== 'local') return []
    const after = evaluationSteps(config).filter(step => step > 0)
    const alone = after.filter(step => !checkpointDue(step, config)).length
    if (alone === 0) return []
    return [
      {
        severity: 'warning',
        key: 'evaluation.piece',
        message: `${alone} of ${after.length} evaluations in training are not divided among workers: their steps have no checkpoint`,
        expected: 'checkpoint.everySteps that divides evaluation.every',
        found: `checkpoint.everySteps ${checkpoint.everySteps}, evaluation.every ${evaluation.every}`,
        remedy: `set checkpoint.everySteps: ${evaluation.every}`,
      },
    ]
  },
  stagesAreOfOneStep: subject => {
    const { separateStages, stepsPerActivity } = subject.config.durability
    if (!separateStages || stepsPerActivity === 1 || rolloutPiece(subject.config) !== null) return []
    const because = `an activity is ${stepsPerActivity} steps (durability.stepsPerActivity)`
    return withoutEffect(subject, ['durability.separateStages'], because)
  },
  supervisedStatesAreKept: subject => {
    const { policy, warmStart, value } = subject.config
    const starts = policy.from === 'scratch' ? warmStart.steps > 0 : (policy.warmStart ?? null) !== null
    if (starts || value.ablation === 'predicted') return []
    const because = 'there is neither a warm start nor a score predictor'
    return withoutEffect(subject, ['checkpoint.supervisedSeconds'], because)
  },
  trimmingFindsCheckpoints: subject => {
    if (!subject.config.checkpoint.trimJournal || checkpointSteps(subject.config).length > 1) return []
    return withoutEffect(subject, ['checkpoint.trimJournal'], 'there is one checkpoint, and the journal leads up to it')
  },
}

function withoutSamples(key: string, best: string): Finding {
  return {
    severity: 'refuse',
    key,
    message: `${key} ${best} needs sampled responses`,
    expected: 'evaluation.samples of at least 1, or a greedy metric',
    found: 'evaluation.samples 0',
    remedy: `set evaluation.samples, or take ${key}: ${best.replace('expected-', '')}`,
  }
}
