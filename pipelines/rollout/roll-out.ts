/**
 * Samples a step's responses, grouped by prompt. Every draw is a function of (seed, step, prompt, sample, position), so a
 * repeated rollout is the same.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import { logProbsOf } from '../engine/log-probabilities.js'
import type { Policy } from '../model/policy.js'
import type { Hooks } from '../progress.js'
import { stream } from '../random.js'
import { generate } from '../sampling/generate.js'
import { responseText, stopsOf } from '../sampling/stops.js'
import { encodePrompts } from '../tokenizer/tokenizer.js'
import type { Response, Rollout } from './response.js'

export interface RollOutOptions {
  policy: Policy
  /** Policy for the reference log-probabilities; absent if no divergence is measured. */
  reference?: Policy
  /** The step's items, in order. */
  items: readonly Item[]
  config: ExperimentConfig
  step: number
  /** Number of the first of these items among all that the step samples. */
  firstPrompt?: number
  hooks: Hooks
}

export async function rollOut({
  policy,
  reference,
  items,
  config,
  step,
  firstPrompt = 0,
  hooks,
}: RollOutOptions): Promise<Rollout> {
  const { samples, temperature, maxTokens, chunk } = config.rollout
  const { uniform } = stream(config.seed, 'rollout')
  const stops = stopsOf(policy.tokenizer, config.rollout.stop)
  const encoded = await encodePrompts(
    policy.tokenizer,
    items.map(({ prompt }) => prompt),
  )
  const generated = await generate({
    policy,
    prompts: encoded.flatMap(tokens => new Array<number[]>(samples).fill(tokens)),
    uniforms: (row, position) => uniform(step, firstPrompt + Math.floor(row / samples), row % samples, position),
    temperature,
    maxTokens,
    chunk,
    stops,
    hooks,
  })
  const responses = generated.map(
    ({ tokens, logProbs, entropy, finish, stoppedBy }, row): Response => ({
      itemId: (items[Math.floor(row / samples)] as Item).id,
      sample: row % samples,
      promptTokens: encoded[Math.floor(row / samples)] as number[],
      tokens,
      ...responseText(policy.tokenizer, { tokens, stoppedBy }, stops),
      logProbs,
      entropy,
      finish,
    }),
  )
  return {
    step,
    prompts: items.map(item => item.id),
    responses:
      reference === undefined
        ? responses
        : await withReference({ reference, responses, rollout: config.rollout, hooks }),
  }
}

async function withReference({
  reference,
  responses,
  rollout: { prompts, samples, temperature, maxTokens, chunk },
  hooks,
}: {
  reference: Policy
  responses: readonly Response[]
  rollout: ExperimentConfig['rollout']
  hooks: Hooks
}): Promise<Response[]> {
  const measured: Response[] = []
  // A chunk may start and end within the samples of a prompt.
  const limits = { prompts: Math.min(prompts, Math.ceil(chunk / samples) + 1), samples, tokens: maxTokens }
  for (let first = 0; first < responses.length; first += chunk) {
    const part = responses.slice(first, first + chunk)
    const rows = logProbsOf(reference, part, { temperature, limits })
    part.forEach((response, row) => {
      measured.push({ ...response, referenceLogProbs: rows[row] as number[] })
    })
    await hooks.tick({ done: measured.length, of: responses.length, note: 'reference' })
  }
  return measured
}
