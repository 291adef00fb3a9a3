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
}
