/**
 * Evaluates a policy on the test items: greedy as in the paper, and over samples at temperature 1 for the expected metrics. Always by the
 * true values, and with the same uniforms for every arm and step, so that two policies differ by their weights only.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import type { Policy } from '../model/policy.js'
import type { Hooks } from '../progress.js'
import type { ItemValue } from '../values/value.js'
import { answerItems } from './answer-items.js'
import { type Evaluated, evaluateAnswers } from './evaluate-answers.js'

/** `values`: the true ones, at least of the items. Lengths in tokens, the end-of-sequence token included. */
export async function evaluatePolicy({
  policy,
  hooks,
  ...subject
}: {
  policy: Policy
  items: readonly Item[]
  values: readonly ItemValue[]
  config: ExperimentConfig
  step: number
  hooks: Hooks
}): Promise<Evaluated> {
  const { items, config } = subject
  return evaluateAnswers({ ...subject, answers: await answerItems({ policy, items, config, hooks }) })
}
