/** The split into training and test items, by whole exams: items of one exam share its topic, level and total. */
import { stream } from '../random.js'
import type { Item } from './item.js'

/**
 * Holds out `testShare` of the exams: at least one, and not all if there are two or more. A share of 1 holds out all. The
 * choice depends on the seed and the names of the exams, not on the order of the items. The items keep their order.
 */
export function splitByExam(
  items: readonly Item[],
  { testShare, seed }: { testShare: number; seed: number },
): { train: Item[]; test: Item[] } {
  if (testShare === 1) return { train: [], test: [...items] }
  const exams = [...new Set(items.map(({ exam }) => exam))].sort()
  const wanted = Math.round(testShare * exams.length)
  const heldOut = Math.max(Math.min(1, exams.length - 1), Math.min(exams.length - 1, wanted))
  const order = stream(seed, 'split by exam').permutation(exams.length)
  const testExams = new Set(order.slice(0, Math.max(0, heldOut)).map(index => exams[index]))
  return {
    train: items.filter(({ exam }) => !testExams.has(exam)),
    test: items.filter(({ exam }) => testExams.has(exam)),
  }
}
