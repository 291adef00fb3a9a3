/** Marks of responses by a judge. */
import type { ExperimentConfig } from '../../config/schema.js'
import type { Item } from '../../data/item.js'
import { type CreditedItem, type CreditRules, markOfVerdict } from '../credit.js'
import { finalAnswer } from '../final-answer.js'
import type { Mark } from '../mark.js'
import type { Verdict } from '../verdict.js'
import type { JudgeQuestion } from './prompt.js'
import { judgeQuestion } from './question.js'

/** A verdict for each question, in their order; `unscored` if the judge gave none. */
export type AskJudge = (questions: readonly JudgeQuestion[]) => Promise<Verdict[]>

/** In the order of the responses. Responses that rules can decide are not sent to the judge. */
export async function judgeResponses({
  responses,
  reward,
  ask,
}: {
  responses: readonly {
    response: { text: string; finish: 'stop' | 'length' }
    item: Pick<Item, 'prompt' | 'answer' | 'choices'> & CreditedItem
  }[]
  reward: Pick<ExperimentConfig['reward'], 'answer'> & CreditRules
  ask: AskJudge
}): Promise<Mark[]> {
  const settled = responses.map(({ response, item }) => judgeQuestion({ response, item, answer: reward.answer }))
  const open = settled.filter(one => typeof one !== 'string')
  const verdicts = await ask(open)
  let next = 0
  return responses.map(({ response, item }, index) => {
    const one = settled[index]
    const verdict = typeof one === 'string' ? one : (verdicts[next++] ?? 'unscored')
    const answered = finalAnswer({ ...response, answer: reward.answer }) !== null
    return markOfVerdict({ verdict, answered, item, rules: reward })
  })
}
