/** Rules about data and policy: that files are there, and that the policy can read the exam and answer it. */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding, Rules } from './finding.js'
import { withoutEffect } from './finding.js'

/** Longest working (6), the mark, the longest answer (4) and the end-of-sequence token. */
const SYNTHETIC_TOKENS = 12

export const dataRules: Rules = {
  dataFilesExist: ({ config: { data }, unread }) => {
    if (data.source === 'synthetic' || unread?.includes('data')) return []
    const files = [
      ['data.train', data.train],
      ['data.test', data.test],
    ] as const
    return files.flatMap(([key, path]) => (path === undefined ? [] : fileMissing(key, path)))
  },
  splitOfTestFile: subject => {
    const { data } = subject.config
    if (data.source === 'synthetic' || data.test === undefined) return []
    return withoutEffect(subject, ['data.testShare', 'data.splitSeed'], 'the test items come from data.test')
  },
  itemsLeftToTrainOn: ({ config: { data, steps, policy, warmStart, value } }) => {
    if (data.source !== 'file' || data.test !== undefined || data.testShare < 1) return []
    const needs = [
      ...(steps > 0 ? [`steps ${steps} needs some`] : []),
      ...(policy.from === 'scratch' && warmStart.steps > 0
        ? ['the warm start of a policy made from scratch needs some']
        : []),
      ...(policy.from === 'checkpoint' && policy.warmStart !== undefined && policy.warmStart !== null
        ? ['policy.warmStart needs some']
        : []),
      ...(value.ablation === 'predicted' ? ['value.ablation predicted needs some'] : []),
    ]
    return needs.slice(0, 1).map(need => ({
      severity: 'refuse',
      key: 'data.testShare',
      message: `data.testShare 1 leaves no training items, and ${need}`,
      expected: 'a share below 1, or data.test',
      found: 'testShare 1',
      remedy:
        steps > 0
          ? 'hold out fewer exams, or name a test file in data.test'
          : 'hold out fewer exams, or evaluate a checkpoint by `rlev evaluate`',
    }))
  },
  syntheticAnswers: ({ config: { data, reward, policy } }) => {
    if (data.source !== 'synthetic') return []
    const findings: Finding[] = []
    if (reward.verifier === 'choice') {
      findings.push({
        severity: 'refuse',
        key: 'reward.verifier',
        message: 'the synthetic exam has no choices, so every response would be unscored',
        expected: 'exact or numeric',
        found: 'choice',
        remedy: 'leave reward.verifier out',
      })
    }
    if (reward.answer !== 'after-hash' && policy.from === 'scratch') {
      findings.push({
        severity: 'refuse',
        key: 'reward.answer',
        message: 'a policy made from scratch learns from demonstrations of the synthetic exam to answer after a #',
        expected: 'after-hash',
        found: JSON.stringify(reward.answer),
        remedy: 'leave reward.answer out',
      })
    }
    return findings
  },
  syntheticWorkingFits: ({ config: { data, policy, rollout } }) => {
    if (data.source !== 'synthetic' || policy.from !== 'scratch' || rollout.maxTokens >= SYNTHETIC_TOKENS) return []
    return [
      {
        severity: 'warning',
        key: 'rollout.maxTokens',
        message: `rollout.maxTokens ${rollout.maxTokens} cuts off responses that show their working`,
        expected: `at least ${SYNTHETIC_TOKENS}`,
      },
    ]
  },
}

export const policyRules: Rules = {
  checkpointExists: ({ config: { policy }, unread }) => {
    if (policy.from === 'scratch' || unread?.includes('policy')) return []
    if (existsSync(join(policy.path, 'config.json'))) return []
    return [
      {
        severity: 'refuse',
        key: 'policy.path',
        message: 'there is no checkpoint to start from',
        expected: 'a folder in Hugging Face form: config.json, tokenizer.json, model.safetensors',
        found: existsSync(policy.path) ? `${policy.path} without config.json` : `${policy.path}, which is not there`,
        remedy: 'correct the path; it is relative to the config file',
      },
    ]
  },
  headsDivideWidth: ({ config: { policy } }) => {
    if (policy.from !== 'scratch') return []
    const { width, heads, keyValueHeads } = policy
    const findings: Finding[] = []
    if (width % heads !== 0 || (width / heads) % 2 !== 0) {
      findings.push({
        severity: 'refuse',
        key: 'policy.heads',
        message: `policy.width ${width} does not make ${heads} heads of an even size, which rotary positions turn in pairs`,
        expected: 'policy.width a multiple of twice policy.heads',
        found: `${width / heads} units a head`,
        remedy: `for example policy.width ${2 * heads * Math.max(1, Math.round(width / (2 * heads)))}`,
      })
    }
    if (heads % keyValueHeads !== 0) {
      findings.push({
        severity: 'refuse',
        key: 'policy.keyValueHeads',
        message: `policy.keyValueHeads ${keyValueHeads} does not divide policy.heads ${heads}`,
        expected: `a divisor of ${heads}`,
        found: String(keyValueHeads),
      })
    }
    return findings
  },
}

export function fileMissing(key: string, path: string): Finding[] {
  const thing = !existsSync(path) ? 'which is not there' : statSync(path).isFile() ? null : 'which is no file'
  if (thing === null) return []
  return [
    {
      severity: 'refuse',
      key,
      message: `the data file of ${key} is missing`,
      expected: 'a data file (docs/data.md)',
      found: `${path}, ${thing}`,
      remedy: 'correct the path; it is relative to the config file',
    },
  ]
}
