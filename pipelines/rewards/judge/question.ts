/**
 * The question to a judge: does the final part of a response mean the same as the reference (the paper's verifier)? Responses
 * without a final part are decided without the judge, by the rules of every other verifier.
 */
import { digest } from '../../config/digest.js'
import type { ExperimentConfig } from '../../config/schema.js'
import { type Item, maxAnswerLength, promptText } from '../../data/item.js'
import { given } from '../../given.js'
import { finalAnswer } from '../final-answer.js'
import type { Verdict } from '../verdict.js'
import { type JudgeQuestion, promptVersion } from './prompt.js'

/** Limit of a question. (characters) A longer one is unscored, because a shortened question would be a different one. */
const longestQuestion = 100_000

/** The question, or `wrong` without a question if the response has no final part or one that is longer than any answer. */
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
  if (item.answer.length > maxAnswerLength || question.length > longestQuestion) return 'unscored'
  const answer = finalAnswer({ ...response, answer: place })
  if (answer === null || answer.length > maxAnswerLength) return 'wrong'
  return {
    question,
    reference: item.answer,
    ...given({ options: item.choices }),
    answer,
  }
}

/** The key under which a verdict is stored. The same question to the same model has one verdict for all items, runs and servers. */
export function questionDigest(question: JudgeQuestion, model: string): string {
  return digest({ model, promptVersion, ...question })
}
