/**
 * One row of a data file as an item. `plain` is the form of this project. `rlev` is the form of the public RLEV set, whose
 * rows have no id and no exam: there the question stands for its exam, so the same question is never on both sides of a
 * split. The other forms are published benchmarks (benchmarks.ts).
 */

import { digest } from '../../config/digest.js'
import { given } from '../../given.js'
import { type Item, maxAnswerLength } from '../item.js'
import { type BenchmarkForm, benchmarkOf, plainFields } from './benchmarks.js'
import {
  BadField,
  type Fields,
  optionalText,
  optionalTexts,
  requiredNumber,
  requiredPrompt,
  requiredText,
} from './fields.js'

export type Form = 'plain' | 'rlev' | BenchmarkForm

/** Field names that differ between the two forms. */
const keys = {
  plain: { prompt: 'prompt', answer: 'answer', points: 'points' },
  rlev: { prompt: 'query', answer: 'label', points: 'score' },
} as const

/** Names that a reader looks for. A table's header in another case becomes the name in this list. */
export const columnNames: readonly string[] = [
  ...['id', 'exam', 'section', 'prompt', 'answer', 'points', 'total', 'choices', 'working', 'query', 'label', 'score'],
  ...['question', 'subject', 'options', 'question_id', 'category', 'uuid', 'answer_letter', 'discipline'],
  ...[
    'Correct Answer',
    'Incorrect Answer 1',
    'Incorrect Answer 2',
    'Incorrect Answer 3',
    'High-level domain',
    'Record ID',
  ],
  ...Array.from({ length: 26 }, (_, index) => String.fromCharCode(65 + index)),
]

/** The form of a row, or null if its fields do not tell. */
export function formOf(fields: Fields): Form | null {
  const benchmark = benchmarkOf(fields)
  if (benchmark !== null) return benchmark
  if ('query' in fields || 'label' in fields || 'score' in fields) return 'rlev'
  return 'prompt' in fields || 'answer' in fields || 'points' in fields ? 'plain' : null
}

/** The item of a row. Throws BadField. `fallbackId` is for rows without an id. */
export function itemOfRow(row: { fields: Fields; form: Form; fallbackId: string }): Item {
  const { fallbackId, form } = row
  const own = form === 'plain' || form === 'rlev'
  const fields = own ? row.fields : plainFields(row.fields, form)
  const key = keys[own ? form : 'plain']
  const prompt = requiredPrompt(fields, key.prompt)
  const answer = requiredText(fields, key.answer, 'answer')
  refuseLong('answer', answer, maxAnswerLength)
  const { points, total } = pointsOf(fields, key.points)
  const choices = optionalTexts(fields, 'choices')
  if (choices !== undefined && choices.length > maxChoices) {
    throw new BadField(`there are ${choices.length} choices, at most ${maxChoices} are expected`)
  }
  for (const choice of choices ?? []) refuseLong('choice', choice, maxAnswerLength)
  const working = optionalText(fields, 'working')
  const [id, exam, section] = ['id', 'exam', 'section'].map(name => nameIn(fields, name))
  return {
    id: id ?? fallbackId,
    exam: exam ?? `question-${digest(prompt).slice(0, 16)}`,
    section: section ?? 'all',
    prompt,
    answer,
    points,
    total,
    weight: 1,
    ...given({ choices, working }),
  }
}

/** More than there are letters. */
const maxChoices = 100

/** Limit for ids, exams and sections, which appear in tables and keys. (characters) */
const maxNameLength = 200

function nameIn(fields: Fields, name: string): string | undefined {
  const text = optionalText(fields, name)
  if (text !== undefined) refuseLong(name, text, maxNameLength)
  return text
}

function refuseLong(name: string, text: string, maxLength: number): void {
  if (text.length <= maxLength) return
  throw new BadField(`the ${name} has ${text.length} characters, at most ${maxLength} are expected`)
}

/** Points above 0 and at most the total, so that v = points / total is in (0, 1]. */
function pointsOf(fields: Fields, key: string): { points: number; total: number } {
  const points = requiredNumber(fields, key, 'points')
  const total = requiredNumber(fields, 'total', 'total')
  if (total <= 0) throw new BadField(`the total is ${total}, a number above 0 is expected`)
  if (points <= 0) throw new BadField(`the points (${key}) are ${points}, a number above 0 is expected`)
  if (points > total) throw new BadField(`the points (${key}) are ${points}, more than the total of ${total}`)
  if (points / total === 0) throw new BadField(`${points} of ${total} points is a value of 0`)
  return { points, total }
}
