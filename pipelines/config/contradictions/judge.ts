/** Rules about the judge: that it has something to decide, and that nothing else is told to decide it. */
import type { Finding, Rules } from './finding.js'

const ofVerifier = [
  'reward.verifier',
  'reward.tolerance',
  'reward.absoluteTolerance',
  'reward.units',
  'reward.partial',
  'reward.endpoint',
]

export const judgeRules: Rules = {
  judgeDecidesEverything: ({ config: { judge }, given }) => {
    if (judge?.decides !== 'everything') return []
    return ofVerifier.filter(given).map(
      (key): Finding => ({
        severity: 'refuse',
        key,
        message: `${key} has no effect: the judge decides everything`,
        expected: `no ${key}, or judge.decides evaluation`,
        found: `${key}, and judge.decides everything`,
        remedy: `leave ${key} out, or reward training by rules: judge.decides: evaluation`,
      }),
    )
  },
  judgeDecidesEvaluationOnly: ({ config: { judge, steps }, given }) => {
    if (judge?.decides !== 'evaluation' || steps > 0) return []
    return ofVerifier.filter(given).map(
      (key): Finding => ({
        severity: 'refuse',
        key,
        message: `${key} has no effect: nothing is trained, and the judge decides the evaluation`,
        remedy: `leave ${key} out`,
      }),
    )
  },
  judgeBackoffActs: ({ config: { judge }, given }) => {
    if (judge === undefined || judge.attempts > 1 || !given('judge.backoff')) return []
    return [
      {
        severity: 'refuse',
        key: 'judge.backoff',
        message: 'judge.backoff has no effect: there is no second request',
        expected: 'judge.attempts of at least 2',
        found: 'judge.attempts 1',
        remedy: 'leave judge.backoff out',
      },
    ]
  },
}
