/**
 * One row of a data file as an item. `plain` is our own form; `rlev` is that of the public RLEV set, whose rows have neither an
 * id nor an exam: there the question itself stands for its exam, so that the same question is never on both sides of a split.
 */
import { digest } from '../../config/digest.js'
import type { Item } from '../item.js'
import {
  BadField,
  type Fields,
  optionalText,
  optionalTexts,
  requiredNumber,
  requiredPrompt,
  requiredText,
} from './fields.js'

export type Form = 'plain' | 'rlev'

/** How each form calls the fields that the other calls differently. */
const keys = {
  plain: { prompt: 'prompt', answer: 'answer', points: 'points' },
  rlev: { prompt: 'query', answer: 'label', points: 'score' },
} as const

/** The form that a row is in, or null when nothing tells. */
export function formOf(fields: Fields): Form | null {
  if ('query' in fields || 'label' in fields || 'score' in fields) return 'rlev'
  return 'prompt' in fields || 'answer' in fields || 'points' in fields ? 'plain' : null
}

/** The item of a row. Throws BadField. `fallbackId` is for rows without an id. */
export function itemOfRow({ fields, form, fallbackId }: { fields: Fields; form: Form; fallbackId: string }): Item {
  const key = keys[form]
  const prompt = requiredPrompt(fields, key.prompt)
  const answer = requiredText(fields, key.answer, 'answer')
  const { points, total } = pointsOf(fields, key.points)
  const choices = optionalTexts(fields, 'choices')
  const working = optionalText(fields, 'working')
  return {
    id: optionalText(fields, 'id') ?? fallbackId,
    exam: optionalText(fields, 'exam') ?? `question-${digest(prompt).slice(0, 16)}`,
    section: optionalText(fields, 'section') ?? 'all',
    prompt,
    answer,
    points,
    total,
    weight: 1,
    ...(choices === undefined ? {} : { choices }),
    ...(working === undefined ? {} : { working }),
  }
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
