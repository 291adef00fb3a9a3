/** The mark of a response, 1_correct(y) of eq. 1, by rules. The paper's judge (judge/) is a model; these verdicts need none. */
import type { ExperimentConfig } from '../config/schema.js'
import { type Item, maxAnswerLength } from '../data/item.js'
import { finalAnswer } from './final-answer.js'
import { type Mark, markOf } from './mark.js'
import type { Verdict } from './verdict.js'
import { verifyChoice } from './verifiers/choice.js'
import { verifyExact } from './verifiers/exact.js'
import { verifyNumeric } from './verifiers/numeric.js'

export type VerifierConfig = Pick<
  ExperimentConfig['reward'],
  'verifier' | 'tolerance' | 'absoluteTolerance' | 'units' | 'answer'
>

/**
 * Correct, wrong, or unscored. Unscored: the verifier cannot read the reference. An answer above the length limit is wrong and is
 * not read, which bounds the time of a verifier.
 */
export function verify({
  response,
  item,
  reward,
}: {
  response: { text: string; finish: 'stop' | 'length' }
  item: Pick<Item, 'answer' | 'choices'>
  reward: VerifierConfig
}): Mark {
  const final = finalAnswer({ ...response, answer: reward.answer })
  const answer = final !== null && final.length <= maxAnswerLength ? final : null
  const reference = item.answer
  if (reference.length > maxAnswerLength) return markOf('unscored')
  return markOf(verdictOn({ answer, reference, options: item.choices, reward }))
}

/** `answer`: null if the response has none that is read. */
function verdictOn({
  answer,
  reference,
  options,
  reward,
}: {
  answer: string | null
  reference: string
  options: readonly string[] | undefined
  reward: VerifierConfig
}): Verdict {
  switch (reward.verifier) {
    case 'exact':
      return verifyExact({ answer, reference })
    case 'numeric':
      return verifyNumeric({ answer, reference, rules: reward })
    case 'choice':
      return verifyChoice({ answer, reference, options })
    default:
      return reward.verifier satisfies never
  }
}
