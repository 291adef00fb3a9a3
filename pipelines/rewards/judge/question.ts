/**
 * What a judge is asked about a response: whether its final part means the same as the reference (the paper's verifier). Responses
 * that leave nothing to ask have their verdict without it, by the rules of every other verifier.
 */

import { digest } from '../../config/digest.js'
import type { ExperimentConfig } from '../../config/schema.js'
import { type Item, longestAnswer, promptText } from '../../data/item.js'
import { given } from '../../given.js'
import { finalAnswer } from '../final-answer.js'
import type { Verdict } from '../record.js'
import { promptVersion } from './prompt.js'

export interface JudgeQuestion {
  question: string
  reference: string
  /** Of a multiple-choice item, in order (A, B, ...). */
  options?: readonly string[]
  /** The final part of the response. */
  answer: string
}

/** Characters of a question that a judge is sent; a longer one is unscored, for cut off it would be another question. */
const longestQuestion = 100_000

/** The question, or the verdict where there is none: no final part, or one longer than any answer, is wrong. */
export function judgeQuestion({
  response,
  item,
  answer: place,
}: {
  response: { text: string; finish: 'stop' | 'length' }
  item: Pick<Item, 'prompt' | 'answer' | 'choices'>
  answer: ExperimentConfig['reward']['answer']
}): JudgeQuestion | Verdict {
  const question = promptText(item.prompt)
  if (item.answer.length > longestAnswer || question.length > longestQuestion) return 'unscored'
  const answer = finalAnswer({ ...response, answer: place })
  if (answer === null || answer.length > longestAnswer) return 'wrong'
  return {
    question,
    reference: item.answer,
    ...given({ options: item.choices }),
    answer,
  }
}

/** What a verdict is kept under: the same question to the same model has one verdict, whichever item, run or server it comes from. */
export function questionDigest(question: JudgeQuestion, model: string): string {
  return digest({ model, promptVersion, ...question })
}
