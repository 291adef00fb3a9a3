/** Rules about verifiers of the user, as a module or as a server, and about those that run in a process. */
import { statSync } from 'node:fs'
import { verifierWay } from '../verifier-way.js'
import type { Finding, Rules } from './finding.js'
import { withoutEffect } from './finding.js'

/** Only the verifiers of this project read these. Another rule speaks of reward.tolerance. */
const ofRules = ['reward.absoluteTolerance', 'reward.units']

export const verifierRules: Rules = {
  programIsThere: ({ config: { reward } }) => {
    const way = verifierWay(reward)
    if (way.kind !== 'program' || statSync(way.path, { throwIfNoEntry: false })?.isFile()) return []
    return [
      {
        severity: 'refuse',
        key: 'reward.verifier',
        message: 'the verifier is missing',
        expected: 'a file in TypeScript or JavaScript',
        found: `${way.path}, which is not there or is no file`,
        remedy: 'correct the path; it is relative to the config file',
      },
    ]
  },
  endpointDecidesAlone: ({ config: { reward }, given }) => {
    if (reward.endpoint === undefined || !given('reward.verifier')) return []
    return [
      {
        severity: 'refuse',
        key: 'reward.verifier',
        message: 'reward.verifier has no effect: reward.endpoint decides',
        expected: 'one of them',
        found: 'both',
        remedy: 'leave reward.verifier or reward.endpoint out',
      },
    ]
  },
  endpointBackoffActs: ({ config: { reward }, given }) => {
    if (reward.endpoint === undefined || reward.endpoint.attempts > 1 || !given('reward.endpoint.backoffMs')) return []
    return [
      {
        severity: 'refuse',
        key: 'reward.endpoint.backoffMs',
        message: 'reward.endpoint.backoffMs has no effect: there is no second attempt',
        expected: 'reward.endpoint.attempts of at least 2',
        found: 'reward.endpoint.attempts 1',
        remedy: 'leave reward.endpoint.backoffMs out',
      },
    ]
  },
  limitIsForProcesses: subject => {
    const { reward, evaluation } = subject.config
    const way = verifierWay(reward)
    const findings: Finding[] = []
    const transferred = Object.values(evaluation.transfer ?? {}).some(({ verifier }) => verifier === 'math')
    if (way.kind === 'rule' && !transferred)
      findings.push(...withoutEffect(subject, ['reward.timeoutMs'], `the verifier ${reward.verifier} always ends`))
    if (way.kind === 'endpoint')
      findings.push(...withoutEffect(subject, ['reward.timeoutMs'], 'the limit is reward.endpoint.timeoutMs'))
    if (way.kind !== 'program')
      findings.push(...withoutEffect(subject, ['reward.verifierDigest'], 'reward.verifier is no file'))
    return findings
  },
  rulesOfOwnVerifier: subject => {
    const { kind } = verifierWay(subject.config.reward)
    if (kind !== 'program' && kind !== 'endpoint') return []
    return withoutEffect(subject, ofRules, 'a verifier of your own decides how answers are compared')
  },
}
