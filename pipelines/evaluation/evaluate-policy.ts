/**
 * Evaluates a policy on the test items: greedy as in the paper, and over samples at temperature 1 for the expected metrics. It always uses
 * the true values, and the same uniforms for every arm and step, so results differ only if the weights do.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import type { Hooks } from '../progress.js'
import type { MarkResponses } from '../rewards/marking.js'
import type { Sampler } from '../sampling/sampler.js'
import type { ItemValue } from '../values/value.js'
import { answerItems } from './answer-items.js'
import { type Evaluated, evaluateAnswers } from './evaluate-answers.js'

/** `values` are the true ones and cover at least the items. Lengths are in tokens, including the end-of-sequence token. */
export async function evaluatePolicy({
  policy,
  hooks,
  ...subject
}: {
  policy: Sampler
  items: readonly Item[]
  values: readonly ItemValue[]
  config: ExperimentConfig
  step: number
  hooks: Hooks
  mark?: MarkResponses
}): Promise<Evaluated> {
  const { items, config } = subject
  return evaluateAnswers({ ...subject, answers: await answerItems({ policy, items, config, hooks }) })
}
