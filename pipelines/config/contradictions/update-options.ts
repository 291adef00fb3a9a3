/** Rules about options of an update: that several updates a step are several, and that a step can be cut into them. */
import type { Rules } from './finding.js'
import { withoutEffect } from './finding.js'

export const updateOptionRules: Rules = {
  ppoMakesSeveralUpdates: subject => {
    const { ppo } = subject.config.update
    if (ppo === undefined || ppo === null || ppo.minibatches * ppo.epochs > 1) return []
    return withoutEffect(subject, ['update.ppo'], 'one minibatch in one epoch is one update, whose ratio is 1')
  },
  minibatchesFitStep: ({ config: { update, rollout } }) => {
    const { ppo } = update
    if (ppo === undefined || ppo === null || ppo.minibatches <= rollout.prompts) return []
    return [
      {
        severity: 'refuse',
        key: 'update.ppo.minibatches',
        message: 'a step has fewer prompts than minibatches, and the responses to a prompt stay together',
        expected: `at most rollout.prompts, ${rollout.prompts}`,
        found: String(ppo.minibatches),
        remedy: 'lower update.ppo.minibatches, or raise rollout.prompts',
      },
    ]
  },
}
