/** The mark of a response, 1_correct(y) of eq. 1, by rules. The paper's judge (judge/) is a model; these verdicts need none. */
import { markedBy } from '../config/digest.js'
import type { ExperimentConfig } from '../config/schema.js'
import { type Item, maxAnswerLength } from '../data/item.js'
import { type CreditedItem, type CreditRules, markOfVerdict, type PartialRule, partialRuleOf } from './credit.js'
import { finalAnswer } from './final-answer.js'
import { type Mark, markOf } from './mark.js'
import type { Verdict } from './verdict.js'
import { verifyChoice } from './verifiers/choice.js'
import { verifyExact } from './verifiers/exact.js'
import { verifyNumeric } from './verifiers/numeric.js'

export type VerifierConfig = Pick<
  ExperimentConfig['reward'],
  'verifier' | 'tolerance' | 'absoluteTolerance' | 'units' | 'answer'
> &
  CreditRules

/** The part of the config that decides marks; the rest of `reward` makes rewards of them. */
export function markingOf({ reward }: Pick<ExperimentConfig, 'reward'>): object {
  const { scale: _scale, alpha: _alpha, cap: _cap, ...marking } = markedBy(reward)
  return marking
}

/**
 * Correct, wrong, or unscored, with its credit. Unscored: the verifier cannot read the reference. An answer above the length limit is
 * wrong and is not read, which bounds the time of a verifier.
 */
export function verify({
  response,
  item,
  reward,
}: {
  response: { text: string; finish: 'stop' | 'length' }
  item: Pick<Item, 'answer' | 'choices'> & CreditedItem
  reward: VerifierConfig
}): Mark {
  const final = finalAnswer({ ...response, answer: reward.answer })
  const answer = final !== null && final.length <= maxAnswerLength ? final : null
  const reference = item.answer
  if (reference.length > maxAnswerLength) return markOf('unscored')
  const found = compared({ answer, reference, options: item.choices, partial: partialRuleOf(item, reward), reward })
  if (typeof found === 'number') return markOf(found)
  return markOfVerdict({ verdict: found, answered: final !== null, item, rules: reward })
}

/** The verdict, or the credit of a part of the right options. `answer`: null if the response has none that is read. */
function compared({
  answer,
  reference,
  options,
  partial,
  reward,
}: {
  answer: string | null
  reference: string
  options: readonly string[] | undefined
  partial: PartialRule
  reward: VerifierConfig
}): Verdict | number {
  switch (reward.verifier) {
    case 'exact':
      return verifyExact({ answer, reference })
    case 'numeric':
      return verifyNumeric({ answer, reference, rules: reward })
    case 'choice':
      return verifyChoice({ answer, reference, options, partial })
    default:
      // `math` and modules of the user are asked in a process (activities/verifiers/).
      throw new TypeError(`verify: ${reward.verifier} is no rule`)
  }
}
