/**
 * Samples a step's responses, grouped by prompt. Every draw is a function of (seed, step, prompt, sample, position), so a
 * repeated rollout is the same.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import { given } from '../given.js'
import type { Hooks } from '../progress.js'
import type { Sampler } from '../sampling/sampler.js'
import { responseText, stopsOf } from '../sampling/stops.js'
import { encodePrompts } from '../tokenizer/tokenizer.js'
import type { Response, Rollout } from './response.js'

export interface RollOutOptions {
  policy: Sampler
  /** Policy for the reference log-probabilities; absent if no divergence is measured. */
  reference?: Sampler
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
  const stops = stopsOf(policy.tokenizer, config.rollout.stop)
  const encoded = await encodePrompts(
    policy.tokenizer,
    items.map(({ prompt }) => prompt),
  )
  const generated = await policy.sample({
    rows: encoded.flatMap((promptTokens, prompt) =>
      Array.from({ length: samples }, (_, sample) => ({
        promptTokens,
        draw: [step, firstPrompt + prompt, sample] as const,
      })),
    ),
    series: { purpose: 'rollout', seed: config.seed },
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
      ...given({ entropy }),
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
  rollout,
  hooks,
}: {
  reference: Sampler
  responses: readonly Response[]
  rollout: ExperimentConfig['rollout']
  hooks: Hooks
}): Promise<Response[]> {
  const rows = await reference.logProbabilities(responses, {
    rollout,
    together: rollout.chunk,
    hooks,
    note: 'reference',
  })
  return responses.map((response, row) => ({ ...response, referenceLogProbs: rows[row] as number[] }))
}
