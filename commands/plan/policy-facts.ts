/** What estimates need to know of the policies of a plan: each is read once, however many arms have it. */
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { DataSet } from '../../pipelines/data/item.js'
import { plannedArchitecture } from '../../pipelines/memory/planned-architecture.js'
import { plannedTokenizer } from '../../pipelines/memory/planned-tokenizer.js'
import { longestPrompt, meanPromptTokens } from '../../pipelines/memory/prompt-tokens.js'
import type { Architecture } from '../../pipelines/model/architecture.js'

export interface PolicyFacts {
  architecture: Architecture
  /** Of the longest prompt, and of one on average. */
  promptTokens: number
  meanPromptTokens: number
}

/** Throws CheckpointInvalid where a checkpoint cannot be read. */
export function policyFacts(data: DataSet): (config: ExperimentConfig) => Promise<PolicyFacts> {
  const known = new Map<string, Promise<PolicyFacts>>()
  return config => {
    const key = JSON.stringify([config.policy, config.data])
    const there = known.get(key) ?? factsOf(config, data)
    known.set(key, there)
    return there
  }
}

async function factsOf(config: ExperimentConfig, data: DataSet): Promise<PolicyFacts> {
  const architecture = plannedArchitecture(config, data)
  const tokenizer = plannedTokenizer(config, data)
  const { train, test } = data
  const { tokens } = await longestPrompt([...train, ...test], tokenizer)
  return { architecture, promptTokens: tokens, meanPromptTokens: await meanPromptTokens(train, tokenizer) }
}
