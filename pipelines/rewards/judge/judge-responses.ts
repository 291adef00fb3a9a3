/** Marks of responses by a judge. */
import type { ExperimentConfig } from '../../config/schema.js'
import type { Item } from '../../data/item.js'
import { type Mark, markOf } from '../mark.js'
import type { Verdict } from '../verdict.js'
import type { JudgeQuestion } from './prompt.js'
import { judgeQuestion } from './question.js'

/** A verdict for each question, in their order; `unscored` if the judge gave none. */
export type AskJudge = (questions: readonly JudgeQuestion[]) => Promise<Verdict[]>

/** In the order of the responses. Responses that rules can decide are not sent to the judge. */
export async function judgeResponses({
  responses,
  answer,
  ask,
}: {
  responses: readonly {
    response: { text: string; finish: 'stop' | 'length' }
    item: Pick<Item, 'prompt' | 'answer' | 'choices'>
  }[]
  answer: ExperimentConfig['reward']['answer']
  ask: AskJudge
}): Promise<Mark[]> {
  const settled = responses.map(({ response, item }) => judgeQuestion({ response, item, answer }))
  const open = settled.filter(one => typeof one !== 'string')
  const verdicts = await ask(open)
  let next = 0
  return settled.map(one => markOf(typeof one === 'string' ? one : (verdicts[next++] ?? 'unscored')))
}
