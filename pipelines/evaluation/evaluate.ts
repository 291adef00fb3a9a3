/**
 * Evaluates a policy on the test items: greedy as in the paper, and over samples at temperature 1 for the expected metrics. Always by the
 * true values, and with the same uniforms for every arm and step, so that two policies differ by their weights only.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import type { Hooks } from '../hooks.js'
import { type Generated, generate } from '../policy/generate.js'
import type { Policy } from '../policy/policy.js'
import { stream } from '../random.js'
import { verify } from '../rewards/verify.js'
import type { ItemValue } from '../values/value.js'
import { assembleEvaluation, valuesInOrder } from './assemble.js'
import type { Evaluation, ItemOutcome } from './evaluation.js'

/** `values`: the true ones, at least of the items. Lengths in tokens, the end-of-sequence token included. */
export async function evaluate({
  policy,
  items,
  values,
  config,
  step,
  hooks,
}: {
  policy: Policy
  items: readonly Item[]
  values: readonly ItemValue[]
  config: ExperimentConfig
  step: number
  hooks: Hooks
}): Promise<{ evaluation: Evaluation; outcomes: ItemOutcome[] }> {
  const valueOfItem = valuesInOrder(items, values)
  const { samples, chunk, seed } = config.evaluation
  const random = stream(seed, 'evaluation')
  const prompts = items.map(item => policy.tokenizer.encodePrompt(item.prompt))
  const shared = { policy, temperature: 1, maxTokens: config.rollout.maxTokens, chunk, hooks }
  const greedy = await generate({ ...shared, prompts, uniforms: () => null, eosProbabilities: true })
  // Rows of the samples: item by item, its samples together.
  const sampled = await generate({
    ...shared,
    prompts: prompts.flatMap(prompt => Array.from({ length: samples }, () => prompt)),
    uniforms: (row, position) => random.uniform(Math.floor(row / samples), row % samples, position),
  })

  const judged = (item: Item, { tokens, finish }: Generated) => {
    const text = policy.tokenizer.decode(tokens)
    return { text, length: tokens.length, verdict: verify({ response: { text, finish }, item, reward: config.reward }) }
  }
  const answered = items.map((item, index) => {
    const response = greedy[index]
    if (response === undefined) throw new RangeError(`no greedy response to item ${index}`)
    const outcome: ItemOutcome = {
      itemId: item.id,
      greedy: judged(item, response),
      samples: sampled.slice(index * samples, (index + 1) * samples).map(one => {
        const { verdict, length } = judged(item, one)
        return { verdict, length }
      }),
    }
    return { item, value: valueOfItem[index] ?? 0, outcome, eosProbabilities: response.eosProbabilities ?? [] }
  })
  return { evaluation: assembleEvaluation({ step, answered }), outcomes: answered.map(({ outcome }) => outcome) }
}
