/**
 * A piece of a step's rollout: neighbouring prompts of the step, answered by themselves. A draw is a function of the prompt's number in the
 * step, so the pieces together have the responses of the whole but for rounding: responses that are decoded together round together.
 */

import { promptsOfStep } from '../rollout/prompts.js'
import type { Rollout } from '../rollout/response.js'
import { type RollOutOptions, rollOut } from '../rollout/roll-out.js'

/** `items`: all that are trained on. */
export function samplePiece({
  items,
  first,
  count,
  ...options
}: Omit<RollOutOptions, 'firstPrompt'> & {
  /** Number of its first prompt in the step, and how many it has at most. */
  first: number
  count: number
}): Promise<Rollout> {
  const { config, step } = options
  const { seed, rollout } = config
  const all = promptsOfStep({ items, prompts: rollout.prompts, step, seed })
  return rollOut({ ...options, items: all.slice(first, first + count), firstPrompt: first })
}

/** The rollout of the step. `pieces`: all of them, in order. */
export function joined(step: number, pieces: readonly Rollout[]): Rollout {
  return {
    step,
    prompts: pieces.flatMap(({ prompts }) => prompts),
    responses: pieces.flatMap(({ responses }) => responses),
  }
}
