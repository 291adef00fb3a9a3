/**
 * Folds of the training items, so that no item's score is predicted by a predictor that was shown it. Exams stay whole: questions of one
 * paper are alike in their points. The paper trains its predictor on one data set and uses it on another, which is the same care.
 */
import type { Item } from '../../data/item.js'
import { RlevError } from '../../errors.js'
import { stream } from '../../random.js'

/** Fold of each item, 0 .. folds - 1. Throws DataInvalid where there are fewer exams than folds. */
export function foldsOf(items: readonly Pick<Item, 'exam'>[], folds: number, { seed }: { seed: number }): number[] {
  const exams = [...new Set(items.map(({ exam }) => exam))]
  if (exams.length < folds) {
    throw new RlevError({
      kind: 'DataInvalid',
      message: 'too few exams to predict the scores of each from others',
      place: 'the training items',
      expected: `at least ${folds} exams (value.predictor.folds)`,
      found: String(exams.length),
      remedy: 'name the exam of each item in the data, or take fewer folds',
    })
  }
  const order = stream(seed, 'folds of the score predictor').permutation(exams.length)
  const foldOf = new Map(order.map((exam, place) => [exams[exam] as string, place % folds]))
  return items.map(({ exam }) => foldOf.get(exam) as number)
}
