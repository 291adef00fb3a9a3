/**
 * One row of a data file as an item. A row without an exam is an exam by itself, named by its question, so the same question is never
 * on both sides of a split.
 */
import { digest } from '../../config/digest.js'
import type { BonusRule } from '../../config/sections/exam-files.js'
import { given } from '../../given.js'
import { BadField, type Fields, requiredPrompt } from '../files/fields.js'
import { type Item, maxAnswerLength, type Prompt, promptText } from '../item.js'
import { type Columns, columnList, columnOf } from './columns.js'
import type { Form } from './form.js'
import { layOut, templateOf } from './layout.js'
import { maxLettered, oneLetter } from './lettered.js'
import { joinedText, type Mapping, named, numberFor, optionsOf } from './mapping.js'
import { contradicts, statedPoints } from './points.js'

/** An item whose total is not known before the last row, if the total is the sum of its exam. */
export interface Draft {
  item: Item
  /** What the total is the sum of: all rows with the same text here. */
  sumOf?: string
  /** The prompt without options and instructions, for a template. */
  question: Prompt
  /** How the question contradicts the points of the row. */
  contradiction?: string
}

/** A row that may count towards the total of its exam. */
export interface RowContext {
  fields: Fields
  form: Form
  mapping: Mapping
  /** For rows without an id. */
  fallbackId: string
  bonus: BonusRule
  /** Called with the points of the row and what its total is the sum of, before anything else of the row is refused. */
  onPoints: (sumOf: string, points: number) => void
}

/** The draft of a row. Throws BadField. */
export function draftOf({ fields: row, form, mapping, fallbackId, bonus, onPoints }: RowContext): Draft {
  const fields = form.derived === undefined ? row : { ...row, ...form.derived.columns(row) }
  const name = (columns: Columns | undefined, what: string) => nameIn(fields, columns, what)
  const [exam, section] = [name(mapping.exam, 'exam'), name(mapping.section, 'section')]
  const by = (columns: Columns) =>
    columns === 'exam' ? exam : columns === 'section' ? section : joinedText(fields, columns, { by: ' ', what: 'text' })
  const numbers = (key: 'points' | 'total' | 'negative') => {
    const entry = mapping[key]
    return entry === undefined ? undefined : numberFor(fields, entry, { what: key, key: `data.fields.${key}`, of: by })
  }
  const points = required(numbers('points'), 'points', mapping.points)
  const sumOf = sumNameOf(mapping, by)
  if (sumOf !== undefined && points > 0) onPoints(sumOf, points)
  const total = sumOf === undefined ? required(numbers('total'), 'total', mapping.total) : points
  refuseValue({ points, total, bonus, column: typeof mapping.points === 'string' ? mapping.points : 'points' })

  const question = questionOf(fields, mapping.prompt)
  const choices = mapping.choices === undefined ? undefined : optionsOf(fields, mapping.choices)
  const answer = answerOf(fields, { form, mapping, choices })
  const working =
    mapping.working === undefined ? undefined : joinedText(fields, mapping.working, { by: '\n', what: 'working' })
  const template = templateOf({ lettered: isLettered(form, mapping) })
  const prompt = layOut(question, template, { choices })
  const negative = deductionOf(numbers('negative'), points)
  const item: Item = {
    id: name(mapping.id, 'id') ?? fallbackId,
    exam: exam ?? `question-${digest(prompt).slice(0, 16)}`,
    section: section ?? 'all',
    prompt,
    answer,
    points: bonus === 'clip' ? Math.min(points, total) : points,
    total,
    weight: 1,
    ...given({ choices, working, negative }),
  }
  return { item, question, ...given({ sumOf, contradiction: contradictionOf({ points, mapping, question }) }) }
}

/** Whether options stand in the prompt: a form says so, or the config names the columns that hold them. */
function isLettered(form: Form, mapping: Mapping): boolean {
  return form.lettered !== undefined || mapping.choices !== 'choices'
}

function questionOf(fields: Fields, columns: Columns | undefined): Prompt {
  const list = columnList(columns ?? 'prompt')
  const [column = 'prompt'] = list
  if (list.length === 1) return requiredPrompt(columnOf(fields, column), column)
  const text = joinedText(fields, list, { by: '\n', what: 'prompt' })
  if (text === undefined || text.trim() === '') throw new BadField(`no prompt (${named(list)})`)
  return text
}

function answerOf(
  fields: Fields,
  { form, mapping, choices }: { form: Form; mapping: Mapping; choices: readonly string[] | undefined },
): string {
  const columns = mapping.answer ?? 'answer'
  const answer = joinedText(fields, columns, { by: ', ', what: 'answer' })
  if (answer === undefined) throw new BadField(`no answer (${named(columns)})`)
  refuseLong('answer', answer, maxAnswerLength)
  if (choices !== undefined && choices.length > maxChoices) {
    throw new BadField(`there are ${choices.length} choices, at most ${maxChoices} are expected`)
  }
  for (const choice of choices ?? []) refuseLong('choice', choice, maxAnswerLength)
  if (form.lettered !== 'one-letter') return answer
  if (choices === undefined || choices.length < 2) throw new BadField('no options, two or more are expected')
  if (choices.length > maxLettered) {
    throw new BadField(`there are ${choices.length} options, at most ${maxLettered} have a letter`)
  }
  return oneLetter(answer, choices)
}

/** More than there are letters. */
const maxChoices = 100

/** Limit for ids, exams and sections, which appear in tables and keys. (characters) */
const maxNameLength = 200

function nameIn(fields: Fields, columns: Columns | undefined, what: string): string | undefined {
  if (columns === undefined) return undefined
  const text = joinedText(fields, columns, { by: ' ', what })
  if (text !== undefined) refuseLong(what, text, maxNameLength)
  return text
}

function refuseLong(name: string, text: string, maxLength: number): void {
  if (text.length <= maxLength) return
  throw new BadField(`the ${name} has ${text.length} characters, at most ${maxLength} are expected`)
}

function required(number: number | undefined, what: string, entry: Mapping['points']): number {
  if (number === undefined) throw new BadField(`no ${what} (${typeof entry === 'string' ? entry : what})`)
  return number
}

/** What the total of a row is the sum of; undefined if the total is no sum. Throws BadField for a row that is in none. */
function sumNameOf({ total }: Mapping, by: (columns: Columns) => string | undefined): string | undefined {
  const columns = typeof total === 'object' ? total['sumOf'] : undefined
  if (columns === undefined || typeof columns === 'number') return undefined
  const name = by(columns)
  if (name !== undefined) return name
  throw new BadField(`no total: it is the sum of the points by ${named(columns)}, and ${named(columns)} is empty`)
}

/** Points above 0 and at most the total, so that v = points / total is in (0, 1]. Bonus points may exceed it. */
function refuseValue({
  points,
  total,
  bonus,
  column,
}: {
  points: number
  total: number
  bonus: BonusRule
  column: string
}): void {
  if (total <= 0) throw new BadField(`the total is ${total}, a number above 0 is expected`)
  if (points <= 0) throw new BadField(`the points (${column}) are ${points}, a number above 0 is expected`)
  if (points > total && bonus === 'refuse') {
    throw new BadField(
      `the points (${column}) are ${points}, more than the total of ${total}; for bonus questions set value.bonus`,
    )
  }
  if (points / total === 0) throw new BadField(`${points} of ${total} points is a value of 0`)
}

/** Files write a deduction with its sign or without. */
function deductionOf(number: number | undefined, points: number): number | undefined {
  if (number === undefined) return undefined
  const deduction = Math.abs(number)
  if (deduction <= points) return deduction
  throw new BadField(`the negative points are ${deduction}, at most the points of ${points} are expected`)
}

/** Undefined for points that are not of the file: a set without points gives each question 1. */
function contradictionOf({
  points,
  mapping,
  question,
}: {
  points: number
  mapping: Mapping
  question: Prompt
}): string | undefined {
  if (typeof mapping.points === 'number') return undefined
  const stated = statedPoints(promptText(question))
  return contradicts(points, stated)
    ? `points ${points}, and the question says ${stated.slice(0, 5).join(' and ')}`
    : undefined
}
