/** The verdict on a response, 1_correct(y) of eq. 1, by rules; unlike that of the paper's judge (judge/) it never depends on a model. */
import type { ExperimentConfig } from '../config/schema.js'
import { type Item, longestAnswer } from '../data/item.js'
import { finalAnswer } from './final-answer.js'
import type { Verdict } from './record.js'
import { verifyChoice } from './verifiers/choice.js'
import { verifyExact } from './verifiers/exact.js'
import { verifyNumeric } from './verifiers/numeric.js'

export type VerifierConfig = Pick<ExperimentConfig['reward'], 'verifier' | 'tolerance' | 'answer'>

/**
 * correct, wrong, or unscored: the reference itself cannot be read by the verifier, whatever the response says. What is longer than
 * any answer is not read, and wrong: the time that a verifier takes is bounded by what it reads.
 */
export function verify({
  response,
  item,
  reward,
}: {
  response: { text: string; finish: 'stop' | 'length' }
  item: Pick<Item, 'answer' | 'choices'>
  reward: VerifierConfig
}): Verdict {
  const final = finalAnswer({ ...response, answer: reward.answer })
  const answer = final !== null && final.length <= longestAnswer ? final : null
  const reference = item.answer
  if (reference.length > longestAnswer) return 'unscored'
  switch (reward.verifier) {
    case 'exact':
      return verifyExact({ answer, reference })
    case 'numeric':
      return verifyNumeric({ answer, reference, tolerance: reward.tolerance })
    case 'choice':
      return verifyChoice({ answer, reference, options: item.choices })
    default:
      return reward.verifier satisfies never
  }
}
