/** Rules about schedules: that they change something, and that every step learns. */
import type { Finding, Rules } from './finding.js'
import { withoutEffect } from './finding.js'

export const scheduleRules: Rules = {
  rateScheduleActs: subject => {
    const { schedule } = subject.config.update
    if (schedule === undefined || schedule === null || schedule.kind !== 'constant') return []
    const idle = withoutEffect(
      subject,
      ['update.schedule.floor', 'update.schedule.steps'],
      'update.schedule.kind is constant',
    )
    if (schedule.warmup > 0) return idle
    return [...withoutEffect(subject, ['update.schedule.kind'], 'it is constant without a warm-up'), ...idle]
  },
  rateScheduleFits: ({ config: { steps, update } }) => {
    const { schedule } = update
    if (schedule === undefined || schedule === null || steps === 0) return []
    const horizon = schedule.steps ?? steps
    const falls = schedule.kind !== 'constant'
    const findings: Finding[] = []
    if (schedule.warmup >= (falls ? horizon : steps)) {
      findings.push({
        severity: 'refuse',
        key: 'update.schedule.warmup',
        message: 'the warm-up of the learning rate does not end before the schedule does',
        expected: `fewer than ${falls ? horizon : steps} steps`,
        found: String(schedule.warmup),
        remedy: 'shorten update.schedule.warmup, or train for more steps',
      })
    }
    if (falls && schedule.floor === 0 && horizon < steps) {
      findings.push({
        severity: 'refuse',
        key: 'update.schedule.steps',
        message: `the learning rate is 0 from step ${horizon + 1} on, and nothing is learned from there`,
        expected: `update.schedule.steps of at least ${steps}, or a floor above 0`,
        found: `update.schedule.steps ${horizon}, floor 0`,
        remedy: 'raise update.schedule.steps, or set update.schedule.floor',
      })
    }
    return findings
  },
  klScheduleActs: subject => {
    const { schedule, place, coefficient } = subject.config.kl
    if (schedule === undefined || schedule === null) return []
    if (place !== 'reward' && place !== 'loss') return withoutEffect(subject, ['kl.schedule'], `kl.place is ${place}`)
    if (coefficient === 0) {
      return [
        {
          severity: 'refuse',
          key: 'kl.coefficient',
          message: 'the schedule of the divergence begins at kl.coefficient, which is 0',
          expected: 'kl.coefficient above 0',
          found: '0',
          remedy: 'set kl.coefficient, or leave kl.schedule out',
        },
      ]
    }
    const others = schedule.kind === 'linear' ? ['target', 'horizon'] : ['end', 'steps']
    const idle = withoutEffect(
      subject,
      others.map(key => `kl.schedule.${key}`),
      `kl.schedule.kind is ${schedule.kind}`,
    )
    if (schedule.kind !== 'linear' || schedule.end !== coefficient) return idle
    return [...withoutEffect(subject, ['kl.schedule.end'], 'it is kl.coefficient'), ...idle]
  },
}
