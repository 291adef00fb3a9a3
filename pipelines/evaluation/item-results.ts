/** Results of one experiment on each test item at each evaluation, for intervals over items, lengths by value, and flips. */
import { type Item, promptText } from '../data/item.js'
import { mean } from '../statistics/estimate.js'
import type { ItemValue } from '../values/value.js'
import { valuesInOrder } from './build-evaluation.js'
import type { ItemOutcome } from './evaluation.js'
import { expectedScore, greedyScore } from './item-score.js'

export interface TestItem {
  id: string
  section: string
  prompt: string
  answer: string
  /** The true value. */
  value: number
  weight: number
}

/** Of one evaluation, in the order of the items. Shares of correct responses in [0, 1], null if none was scored. */
export interface ItemEvaluation {
  step: number
  /** 1 for a correct greedy response, 0 for a wrong one. */
  greedy: readonly (number | null)[]
  /** Mean over the samples. */
  expected: readonly (number | null)[]
  /** Credits in the place of the shares, in [-1, 1]; absent if they are the same. */
  credit?: Readonly<Record<Decoding, readonly (number | null)[]>>
  /** Tokens, mean over the samples. */
  length: readonly number[]
}

type Decoding = 'greedy' | 'expected'

export interface ItemResults {
  items: readonly TestItem[]
  /** In order of steps; the first is the base. */
  evaluations: readonly ItemEvaluation[]
  /** Greedy responses of the last evaluation, in the order of the items. */
  responses: readonly ItemOutcome['greedy'][]
}

/** Throws DataInvalid if an item has no value. */
export function testItems(items: readonly Item[], values: readonly ItemValue[]): TestItem[] {
  const inOrder = valuesInOrder(items, values)
  return items.map(({ id, section, prompt, answer, weight }, index) => {
    return { id, section, prompt: promptText(prompt), answer, value: inOrder[index] ?? 0, weight }
  })
}

/** Null without an evaluation, or if one is of other items. */
export function itemResults(
  items: readonly TestItem[],
  evaluations: readonly { step: number; outcomes: readonly ItemOutcome[] }[],
): ItemResults | null {
  const last = evaluations.at(-1)
  const theirs = evaluations.every(
    ({ outcomes }) =>
      outcomes.length === items.length && outcomes.every((one, index) => one.itemId === items[index]?.id),
  )
  if (last === undefined || !theirs) return null
  return {
    items,
    evaluations: evaluations.map(({ step, outcomes }) => {
      const scores = { greedy: outcomes.map(greedyScore), expected: outcomes.map(expectedScore) }
      const credited = outcomes.some(({ greedy, samples }) =>
        [greedy, ...samples].some(({ credit }) => credit !== undefined),
      )
      const of = (key: 'correct' | 'credit') => ({
        greedy: scores.greedy.map(score => score[key]),
        expected: scores.expected.map(score => score[key]),
      })
      return {
        step,
        ...of('correct'),
        ...(credited ? { credit: of('credit') } : {}),
        length: scores.expected.map(({ length }) => length),
      }
    }),
    responses: last.outcomes.map(({ greedy }) => greedy),
  }
}

/** The credit of each item, which is what it adds to H-Acc: 1 for a correct and 0 for a wrong response unless there are parts. */
export function creditsOf(evaluation: ItemEvaluation, decoding: Decoding): readonly (number | null)[] {
  return (evaluation.credit ?? evaluation)[decoding]
}

/** Whether any response has a credit that its verdict does not imply. */
export function hasCredits({ evaluations }: ItemResults): boolean {
  return evaluations.some(({ credit }) => credit !== undefined)
}

/** Mean credit of an item over evaluations; null if none of them could be scored. */
export function meanCredit(evaluations: readonly ItemEvaluation[], decoding: Decoding, item: number): number | null {
  const scored = evaluations.flatMap(evaluation => creditsOf(evaluation, decoding)[item] ?? [])
  return scored.length === 0 ? null : mean(scored)
}

/** Results of two compared experiments on each item; undefined if they are not known. */
export interface ItemPair {
  own: ItemResults | undefined
  other: ItemResults | undefined
}

/** Whether two experiments were tested on the same items in the same order. */
export function sameItems(a: ItemResults, b: ItemResults): boolean {
  return a.items.length === b.items.length && a.items.every(({ id }, index) => id === b.items[index]?.id)
}
