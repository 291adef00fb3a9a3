/** Generates a policy's answers to test items. Only this half of an evaluation needs the policy; verdicts and metrics do not. */
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import type { Policy } from '../model/policy.js'
import { type Hooks, partOfWork } from '../progress.js'
import { stream } from '../random.js'
import type { Finish } from '../rollout/response.js'
import { generate } from '../sampling/generate.js'
import type { Generated } from '../sampling/slots.js'
import { responseText, stopsOf } from '../sampling/stops.js'
import { encodePrompts } from '../tokenizer/tokenizer.js'

export interface Answer {
  text: string
  /** Tokens, the end-of-sequence token or those of the stop included. */
  length: number
  finish: Finish
  stoppedBy?: string
}

export interface ItemAnswers {
  itemId: string
  /** With P(EOS) before each token. */
  greedy: Answer & { eosProbabilities: readonly number[] }
  /** At temperature 1. */
  samples: readonly Answer[]
}

/**
 * In the order of the items. Samples use the same uniforms for every policy. `first` is the number of the first item among all
 * evaluated items, if these are a part of them.
 */
export async function answerItems({
  policy,
  items,
  first = 0,
  config,
  hooks,
}: {
  policy: Policy
  items: readonly Item[]
  first?: number
  config: Pick<ExperimentConfig, 'evaluation' | 'rollout'>
  hooks: Hooks
}): Promise<ItemAnswers[]> {
  const { samples, chunk, seed } = config.evaluation
  const random = stream(seed, 'evaluation')
  const prompts = await encodePrompts(
    policy.tokenizer,
    items.map(({ prompt }) => prompt),
  )
  const stops = stopsOf(policy.tokenizer, config.rollout.stop)
  const shared = { policy, temperature: 1, maxTokens: config.rollout.maxTokens, chunk, stops }
  const all = items.length * (1 + samples)
  const greedy = await generate({
    ...shared,
    hooks: partOfWork(hooks, { before: 0, of: all }),
    prompts,
    uniforms: () => null,
    eosProbabilities: true,
  })
  // Rows are ordered by item, then by sample.
  const sampled = await generate({
    ...shared,
    hooks: partOfWork(hooks, { before: items.length, of: all }),
    prompts: prompts.flatMap(prompt => Array.from({ length: samples }, () => prompt)),
    uniforms: (row, position) => random.uniform(first + Math.floor(row / samples), row % samples, position),
  })
  const answer = ({ tokens, finish, stoppedBy }: Generated): Answer => ({
    ...responseText(policy.tokenizer, { tokens, stoppedBy }, stops),
    length: tokens.length,
    finish,
  })
  return items.map((item, index) => {
    const response = greedy[index]
    if (response === undefined) throw new RangeError(`no greedy response to item ${index}`)
    return {
      itemId: item.id,
      greedy: { ...answer(response), eosProbabilities: response.eosProbabilities ?? [] },
      samples: sampled.slice(index * samples, (index + 1) * samples).map(answer),
    }
  })
}
