/** log pi of a step's responses as training computes it, before the step's first update. One forward pass. */
import type { ExperimentConfig } from '../config/schema.js'
import { logProbsOf } from '../engine/log-probabilities.js'
import type { Policy } from '../model/policy.js'
import type { Hooks } from '../progress.js'
import type { Response } from '../rollout/response.js'

/** By response, by token. Calls `hooks.tick` after every part of `update.microBatch` responses. */
export async function trainedLogProbs({
  policy,
  responses,
  config: { rollout, update },
  hooks,
}: {
  policy: Policy
  responses: readonly Response[]
  config: ExperimentConfig
  hooks: Hooks
}): Promise<number[][]> {
  const { prompts, samples, temperature, maxTokens } = rollout
  const together = Math.min(update.microBatch, responses.length)
  // A part may start and end within the samples of a prompt.
  const limits = { prompts: Math.min(prompts, Math.ceil(together / samples) + 1), samples, tokens: maxTokens }
  const found: number[][] = []
  for (let first = 0; first < responses.length; first += together) {
    found.push(...logProbsOf(policy, responses.slice(first, first + together), { temperature, limits }))
    await hooks.tick({ done: found.length, of: responses.length, note: 'log-probabilities' })
  }
  return found
}
