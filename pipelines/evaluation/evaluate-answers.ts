/** Scores answers, by a rule or a judge, and computes the metrics of an evaluation. This half of an evaluation needs no policy. */
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import { given } from '../given.js'
import { canGiveCredit, creditOfWrong } from '../rewards/credit.js'
import { keptMark, type Mark } from '../rewards/mark.js'
import { type MarkResponses, markByRule } from '../rewards/marking.js'
import type { ItemValue } from '../values/value.js'
import type { Answer, ItemAnswers } from './answer-items.js'
import { buildEvaluation, valuesInOrder } from './build-evaluation.js'
import type { Evaluation, ItemOutcome } from './evaluation.js'

export interface Evaluated {
  evaluation: Evaluation
  outcomes: ItemOutcome[]
}

/** `answers` are in the order of the items. */
export async function evaluateAnswers({
  answers,
  items,
  values,
  config,
  step,
  mark = markByRule,
}: {
  answers: readonly ItemAnswers[]
  items: readonly Item[]
  values: readonly ItemValue[]
  config: Pick<ExperimentConfig, 'reward' | 'judge'>
  step: number
  mark?: MarkResponses
}): Promise<Evaluated> {
  const valueOfItem = valuesInOrder(items, values)
  const pairs = items.map((item, index) => {
    const own = answers[index]
    if (own?.itemId !== item.id) throw new RangeError(`the answers to item ${index} are to ${own?.itemId}`)
    return { item, own }
  })
  const responses = pairs.flatMap(({ item, own }) => [own.greedy, ...own.samples].map(response => ({ response, item })))
  const { reward } = config
  const marks = await mark(responses, reward)

  let next = 0
  const scored = ({ length, finish }: Answer) => ({ ...keptMark(marks[next++] as Mark), length, finish })
  const answered = pairs.map(({ item, own }, index) => {
    const outcome: ItemOutcome = {
      itemId: item.id,
      greedy: { text: own.greedy.text, ...scored(own.greedy), ...given({ stoppedBy: own.greedy.stoppedBy }) },
      samples: own.samples.map(scored),
    }
    const { eosProbabilities } = own.greedy
    return { item, value: valueOfItem[index] ?? 0, outcome, wrongCredit: creditOfWrong(item, reward), eosProbabilities }
  })
  const credits = canGiveCredit(reward, items) || marks.some(one => keptMark(one).credit !== undefined)
  return {
    evaluation: buildEvaluation({ step, answered, credits, judge: config.judge?.model }),
    outcomes: answered.map(({ outcome }) => outcome),
  }
}
