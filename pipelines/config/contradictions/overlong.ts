/** Rules about responses that are too long: that a penalty can come, and that the estimator takes rewards below 0. */
import type { Rules } from './finding.js'
import { withoutEffect } from './finding.js'

export const overlongRules: Rules = {
  overlongKeysAct: subject => {
    const { overlong, steps } = subject.config
    if (steps === 0)
      return withoutEffect(subject, ['overlong.mask', 'overlong.buffer', 'overlong.factor'], 'nothing is trained')
    return overlong.buffer === null
      ? withoutEffect(subject, ['overlong.factor'], 'without overlong.buffer there is no penalty')
      : []
  },
  overlongBufferFits: ({ config: { overlong, rollout } }) => {
    if (overlong.buffer === null || overlong.buffer <= rollout.maxTokens) return []
    return [
      {
        severity: 'refuse',
        key: 'overlong.buffer',
        message: 'overlong.buffer is longer than a response can be, so an empty one would cost a penalty',
        expected: `at most ${rollout.maxTokens} (rollout.maxTokens)`,
        found: String(overlong.buffer),
        remedy: 'lower overlong.buffer, or raise rollout.maxTokens',
      },
    ]
  },
  penaltyFitsEstimator: ({ config: { overlong, estimator, steps } }) => {
    if (overlong.buffer === null || estimator.name !== 'maxrl' || steps === 0) return []
    return [
      {
        severity: 'refuse',
        key: 'overlong.buffer',
        message:
          'maxrl divides by the mean reward of a prompt, which the penalty of long responses brings near 0 or below: its advantages would be very large or all 0',
        expected: 'no overlong.buffer, or an estimator that does not divide by a mean reward',
        found: `overlong.buffer ${overlong.buffer}`,
        remedy: 'take another estimator, as dr-grpo or rloo, or overlong.mask',
      },
    ]
  },
}
