/** Rules about what makes an update smaller: the adapter and the budget of tokens. */
import type { Finding, Rules } from './finding.js'

export const memoryRules: Rules = {
  adapterFitsPolicy: ({ config: { policy, update } }) => {
    const { adapter } = update
    if (adapter === null) return []
    const findings: Finding[] = []
    const twice = adapter.targets.filter((target, index) => adapter.targets.indexOf(target) !== index)
    if (twice.length > 0) {
      findings.push({
        severity: 'refuse',
        key: 'update.adapter.targets',
        message: `update.adapter.targets names ${[...new Set(twice)].join(' and ')} twice`,
        expected: 'each projection at most once',
        found: adapter.targets.join(', '),
      })
    }
    // The width of a checkpoint stands in its own config.json, and is compared where that is read.
    if (policy.from === 'scratch' && adapter.rank > policy.width)
      findings.push(rankAboveWidth(adapter.rank, policy.width))
    return findings
  },
  tokenBudgetHoldsResponse: ({ config: { update, rollout } }) => {
    const { tokenBudget } = update
    if (tokenBudget === null || tokenBudget > rollout.maxTokens) return []
    return [
      {
        severity: 'warning',
        key: 'update.tokenBudget',
        message: `a response may have ${rollout.maxTokens} tokens, and then goes above update.tokenBudget alone`,
        expected: `above ${rollout.maxTokens} and the tokens of a prompt`,
        found: String(tokenBudget),
        remedy: 'raise update.tokenBudget, or lower rollout.maxTokens',
      },
    ]
  },
}

function rankAboveWidth(rank: number, width: number): Finding {
  return {
    severity: 'refuse',
    key: 'update.adapter.rank',
    message: `update.adapter.rank ${rank} is above the width of the policy: such an adapter is larger than the weights it replaces`,
    expected: `at most policy.width, ${width}`,
    found: String(rank),
    remedy: 'lower update.adapter.rank, or train the weights with update.adapter: null',
  }
}
