/**
 * The items of a synthetic exam. Training papers follow the composition exactly. Test items are drawn by section, the same
 * number of each, and weighted to the composition, so rare sections are measured as well as common ones.
 */
import type { ExamName, TransferExamName } from '../../config/schema.js'
import { type Stream, stream } from '../../random.js'
import { exams, type SectionName, sectionNames, sectionsOf, totalPoints, transferSectionNames } from '../exams.js'
import type { Item } from '../item.js'
import { type PromptStyle, promptOf } from './prompts.js'
import { drawQuestion, type Question } from './question.js'

export interface SyntheticItemsOptions {
  exam: ExamName
  style: PromptStyle
  trainPapers: number
  testItemsPerSection: number
  /** Of the training papers. */
  seed: number
  /** Of the test items, the same for every training seed. */
  testSeed: number
}

/** Training and test items. Equal options give equal items, and a paper does not depend on the number of papers. */
export function syntheticItems(options: SyntheticItemsOptions): { train: Item[]; test: Item[] } {
  const { trainPapers } = options
  return {
    train: Array.from({ length: trainPapers }, (_, paper) => trainPaper(options, paper + 1)).flat(),
    test: syntheticTest(options),
  }
}

type TestOptions = Pick<SyntheticItemsOptions, 'style' | 'testItemsPerSection' | 'testSeed'> & {
  exam: ExamName | TransferExamName
}

/** Only the test items; the exam may be one for tests only. */
export function syntheticTest(options: TestOptions): Item[] {
  return sectionsOf(options.exam).flatMap(({ section }) =>
    Array.from({ length: options.testItemsPerSection }, (_, index) => testItem(options, section, index + 1)),
  )
}

/** Paper `paper`, from 1, its items in a shuffled order: `v7-0001-01`, `v7-0001-02`, ... */
function trainPaper({ exam, style, seed }: SyntheticItemsOptions, paper: number): Item[] {
  const random = stream(seed, 'synthetic papers')
  const sections = exams[exam].flatMap(({ section, items }) => new Array<SectionName>(items).fill(section))
  const order = stream(seed, 'order in a synthetic paper').permutation(sections.length, paper)
  const examId = `${exam}-${String(paper).padStart(4, '0')}`
  return order.map((position, index) =>
    itemOf({
      id: `${examId}-${String(index + 1).padStart(2, '0')}`,
      examId,
      exam,
      section: sections[position] as SectionName,
      style,
      weight: 1,
      random,
      counters: [paper, position],
    }),
  )
}

/** Weight: items of the section in a paper / test items of the section, so weighted means are means over the composition. */
function testItem(options: TestOptions, section: SectionName, index: number): Item {
  const { exam, style, testSeed, testItemsPerSection } = options
  const part = sectionsOf(exam).find(other => other.section === section)
  return itemOf({
    id: `${exam}-test-${section}-${String(index).padStart(4, '0')}`,
    examId: `${exam}-test`,
    exam,
    section,
    style,
    weight: (part?.items ?? 0) / testItemsPerSection,
    random: stream(testSeed, 'synthetic test items'),
    counters: [[...sectionNames, ...transferSectionNames].indexOf(section), index],
  })
}

function itemOf(parts: {
  id: string
  examId: string
  exam: ExamName | TransferExamName
  section: SectionName
  style: PromptStyle
  weight: number
  random: Stream
  counters: readonly [number, number]
}): Item {
  const { exam, section, random, counters } = parts
  const question = questionAt(section, random, counters)
  return {
    id: parts.id,
    exam: parts.examId,
    section,
    prompt: promptAt(question, parts.style, random, counters),
    answer: question.answer,
    points: sectionsOf(exam).find(part => part.section === section)?.points ?? 0,
    total: totalPoints(exam),
    weight: parts.weight,
    working: question.working,
  }
}

/** Draws 0 and 1 at the counters give the operands, draw 2 the wording. */
export function questionAt(section: SectionName, random: Stream, counters: readonly [number, number]): Question {
  return drawQuestion(section, (bound, draw) => random.integer(bound, ...counters, draw))
}

export function promptAt(
  question: Question,
  style: PromptStyle,
  random: Stream,
  counters: readonly [number, number],
): string {
  return promptOf(question, style, random.uniform(...counters, 2))
}
