/** Evaluates a policy on further test sets, each by the columns of the paper (its table 2 gives Acc). */
import type { ExperimentConfig } from '../config/schema.js'
import { markedAs } from '../config/verifier-way.js'
import type { DataSet } from '../data/item.js'
import { given } from '../given.js'
import type { Hooks } from '../progress.js'
import type { MarkResponses } from '../rewards/marking.js'
import type { Sampler } from '../sampling/sampler.js'
import { normalizeValues } from '../values/normalize.js'
import { evaluatePolicy } from './evaluate-policy.js'
import type { TransferOutcome } from './evaluation.js'

/** In the order of the config; empty if it names no further sets. Verdicts are those of the set's verifier, or of the config's; values come from the set's own points. */
export async function evaluateTransfer({
  policy,
  dataset,
  config,
  step,
  hooks,
  mark,
}: {
  policy: Sampler
  dataset: Pick<DataSet, 'transfer'>
  config: ExperimentConfig
  step: number
  hooks: Hooks
  mark?: MarkResponses
}): Promise<TransferOutcome[]> {
  const outcomes: TransferOutcome[] = []
  for (const [name, items] of Object.entries(dataset.transfer ?? {})) {
    const { verifier } = config.evaluation.transfer?.[name] ?? {}
    const own = verifier === undefined ? config : { ...config, reward: markedAs(verifier, config.reward) }
    const { values } = normalizeValues(items, config.reward)
    const { evaluation } = await evaluatePolicy({
      policy,
      items,
      values,
      config: own,
      step,
      hooks,
      ...given({ mark }),
    })
    outcomes.push({ name, items: items.length, greedy: evaluation.greedy, expected: evaluation.expected })
  }
  return outcomes
}
