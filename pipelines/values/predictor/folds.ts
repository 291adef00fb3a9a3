/**
 * Folds of the training items: no item's score is predicted by a predictor that was shown the item. Exams stay whole, because
 * questions of one exam have similar points. The RLEV paper trains its predictor on one data set and uses it on another.
 */
import type { Item } from '../../data/item.js'
import { RlevError } from '../../errors.js'
import { stream } from '../../random.js'

/** Fold of each item, 0 .. folds - 1. Throws DataInvalid if there are fewer exams than folds. */
export function foldsOf(items: readonly Pick<Item, 'exam'>[], folds: number, { seed }: { seed: number }): number[] {
  const exams = [...new Set(items.map(({ exam }) => exam))]
  if (exams.length < folds) {
    throw new RlevError({
      kind: 'DataInvalid',
      message: 'too few exams to predict the scores of each from others',
      place: 'the training items',
      expected: `at least ${folds} exams (value.predictor.folds)`,
      found: String(exams.length),
      remedy: 'name the exam of each item in the data, or lower value.predictor.folds',
    })
  }
  const order = stream(seed, 'folds of the score predictor').permutation(exams.length)
  const foldOf = new Map(order.map((exam, position) => [exams[exam] as string, position % folds]))
  return items.map(({ exam }) => foldOf.get(exam) as number)
}
