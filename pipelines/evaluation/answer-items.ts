/** Generates a policy's answers to test items. Only this half of an evaluation needs the policy; verdicts and metrics do not. */
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import { type Hooks, partOfWork } from '../progress.js'
import type { Finish } from '../rollout/response.js'
import type { Generated, Sampler } from '../sampling/sampler.js'
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
 * In the order of the items. Samples are drawn by the same counters for every policy. `first` is the number of the first item among all
 * evaluated items, if these are a part of them.
 */
export async function answerItems({
  policy,
  items,
  first = 0,
  config,
  hooks,
}: {
  policy: Sampler
  items: readonly Item[]
  first?: number
  config: Pick<ExperimentConfig, 'evaluation' | 'rollout'>
  hooks: Hooks
}): Promise<ItemAnswers[]> {
  const { samples, chunk, seed } = config.evaluation
  const prompts = await encodePrompts(
    policy.tokenizer,
    items.map(({ prompt }) => prompt),
  )
  const stops = stopsOf(policy.tokenizer, config.rollout.stop)
  const { maxTokens } = config.rollout
  const shared = { series: { purpose: 'evaluation', seed }, temperature: 1, maxTokens, chunk, stops } as const
  const all = items.length * (1 + samples)
  const greedy = await policy.sample({
    ...shared,
    hooks: partOfWork(hooks, { before: 0, of: all }),
    rows: prompts.map(promptTokens => ({ promptTokens, draw: null })),
    eosProbabilities: true,
  })
  // Rows are ordered by item, then by sample.
  const sampled = await policy.sample({
    ...shared,
    hooks: partOfWork(hooks, { before: items.length, of: all }),
    rows: prompts.flatMap((promptTokens, item) =>
      Array.from({ length: samples }, (_, sample) => ({ promptTokens, draw: [first + item, sample] as const })),
    ),
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
