/**
 * The compositions of the synthetic exam: how many items of each section an exam paper has, and what each is worth. The
 * exams of the RLEV paper are real; these are made so that the effect of values can be measured (docs/exam.md). `nc` and
 * `inv` are the nulls.
 */
import type { ExamName, TransferExamName } from '../config/schema.js'

/** The order of sections in every list, including the shares of the warm start. */
export const sectionNames = ['add1', 'add2', 'mul', 'add3'] as const
export type TrainedSection = (typeof sectionNames)[number]

/** Sections that nothing is trained on, for exams of other kinds. */
export const transferSectionNames = ['mul1', 'uneven', 'add4'] as const
export type SectionName = TrainedSection | (typeof transferSectionNames)[number]

export interface SectionPart {
  section: SectionName
  /** Items of the section in a paper. */
  items: number
  /** Points of each of them. */
  points: number
}

/** `items` and `points` in the order of `sectionNames`. */
function composition(items: readonly number[], points: readonly number[]): readonly SectionPart[] {
  return sectionNames.map((section, index) => ({ section, items: items[index] ?? 0, points: points[index] ?? 0 }))
}

export const exams: Readonly<Record<ExamName, readonly SectionPart[]>> = {
  v7: composition([14, 3, 1, 2], [1, 8, 12, 25]),
  v5: composition([10, 5, 2, 3], [1, 6, 10, 13]),
  pl: composition([35, 9, 4, 2], [1, 5, 8, 20]),
  p50: composition([25, 15, 8, 2], [1, 4, 6, 20]),
  nc: composition([1, 12, 4, 3], [1, 1, 9, 17]),
  inv: composition([10, 5, 2, 3], [7, 3, 3, 3]),
}

/** Exams for tests only: other sections, and longer numbers than the policy was shown. */
const transferExams: Readonly<Record<TransferExamName, readonly SectionPart[]>> = {
  other: [
    { section: 'mul1', items: 20, points: 1 },
    { section: 'uneven', items: 10, points: 8 },
  ],
  long: [{ section: 'add4', items: 10, points: 10 }],
}

/** The sections of an exam, whether it can be trained on or not. */
export function sectionsOf(exam: ExamName | TransferExamName): readonly SectionPart[] {
  return exam === 'other' || exam === 'long' ? transferExams[exam] : exams[exam]
}

/** T_i: points of a whole paper. */
export function totalPoints(exam: ExamName | TransferExamName): number {
  return sectionsOf(exam).reduce((sum, { items, points }) => sum + items * points, 0)
}
