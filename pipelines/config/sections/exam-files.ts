/** Config sections of a data file: the names of its columns (`data.fields`) and how its questions are asked (`data.prompt`). */
import { z } from 'zod'
import { countUpTo } from './numbers.js'

/** Forms that `data.form` names, in the order in which `auto` tries them. */
export const formNames = [
  'plain',
  'rlev',
  'gaokao-bench',
  'agieval',
  'jeebench',
  'course-exam-bench',
  'gpqa',
  'super-gpqa',
  'mmlu-pro',
  'c-eval',
  'gsm8k',
  'math',
  'reasoning-gym',
  'verl',
  'trl',
] as const

/** A column by its name, by a path into objects (`reward_model.ground_truth`), or several that are joined. */
const column = z.string().min(1).max(200)
const columns = z.union([column, z.array(column).min(1).max(26)])

/** Numbers by the value of a column, for example by the kind of question. */
const table = z
  .record(z.string(), z.union([z.number(), columns]))
  .refine(
    ({ by, ...numbers }) => isColumns(by) && areNumbers(numbers),
    'a column under `by`, and a number for each of its values',
  )

const totalTable = z
  .record(z.string(), z.union([z.number(), columns]))
  .refine(
    ({ by, sumOf, ...numbers }) =>
      sumOf !== undefined
        ? isColumns(sumOf) && by === undefined && Object.keys(numbers).length === 0
        : (by === undefined || isColumns(by)) && areNumbers(numbers),
    '{sumOf: exam}, or a number for each exam',
  )

function isColumns(value: unknown): boolean {
  return typeof value === 'string' || Array.isArray(value)
}

function areNumbers(numbers: Record<string, unknown>): boolean {
  const values = Object.values(numbers)
  return values.length > 0 && values.every(value => typeof value === 'number')
}

export const fieldsSection = z
  .strictObject({
    rows: column
      .optional()
      .describe('Where the file is one object: the key of the list that holds its rows, for example `example`.'),
    prompt: columns.optional().describe('Column of the question; several columns are joined by a line break.'),
    answer: columns.optional().describe('Column of the reference answer.'),
    points: z
      .union([z.number(), column, table])
      .optional()
      .describe('Column of the points, one number for every row, or a table: {by: type, MCQ: 3, Numeric: 4}. (points)'),
    total: z
      .union([z.number(), column, totalTable])
      .optional()
      .describe(
        "Column of the points of the whole exam, one number, {sumOf: exam} for the sum of an exam's points, or a table by exam: {paper-1: 150}; a table with `by` is by that column. (points)",
      ),
    negative: z
      .union([z.number(), column, table])
      .optional()
      .describe('Column of the points that a wrong answer costs, one number, or a table by a column. (points)'),
    exam: columns.optional().describe('Column that names the exam; several are joined: [year, category].'),
    section: columns.optional().describe('Column of the part of the exam or the kind of question.'),
    id: columns.optional().describe('Column of the id; several are joined.'),
    choices: columns
      .optional()
      .describe('Column that lists the options, or the columns that hold one each: [A, B, C, D].'),
    working: columns.optional().describe('Column of the worked solution.'),
  })
  .optional()
  .describe('Names of the columns, where they are others than those of the form (docs/data.md).')

/** What a template may name. */
export const placeholders = ['prompt', 'choices', 'instruction', 'points', 'total', 'exam', 'section'] as const

/** Braces behind a command are LaTeX: `\\boxed{answer}`. */
const namedInBraces = /(?<!\\[A-Za-z]{1,20})\{([a-z]+)\}/g

function asksTheQuestion(template: string): boolean {
  const names = [...template.matchAll(namedInBraces)].map(([, name = '']) => name)
  return names.includes('prompt') && names.every(name => placeholders.some(known => known === name))
}

const givenExample = z.strictObject({
  prompt: z.string().min(1),
  answer: z.string().min(1),
  choices: z.array(z.string()).optional(),
  working: z.string().optional(),
})

export const promptSection = z
  .strictObject({
    system: z.string().min(1).optional().describe('System message; the prompt becomes chat messages.'),
    template: z
      .string()
      .refine(asksTheQuestion, 'text with {prompt}, and no other name in braces than those of docs/data.md')
      .optional()
      .describe(
        'Text of the question with {prompt}, {choices} (lettered, a line each), {instruction} (to answer with a letter), {points}, {total}, {exam} and {section}; the default is that of the form.',
      ),
    examples: z
      .union([
        countUpTo(1000),
        z
          .array(z.union([z.string(), givenExample]))
          .min(1)
          .max(1000),
      ])
      .optional()
      .describe(
        'Solved examples before the question: a number of training items, which are left out of training and test, a list of ids, or a list of {prompt, answer, choices, working}. (items)',
      ),
    answer: z
      .string()
      .min(1)
      .default('{answer}')
      .describe('Text of the answer of an example, with {answer} and {working}.'),
    chat: z
      .boolean()
      .default(false)
      .describe('Chat messages even without a system message; a prompt of messages always stays one.'),
  })
  .optional()
  .describe('How a question is asked (docs/data.md); without it as the form has it.')

export const bonusRules = ['refuse', 'clip', 'allow'] as const
export type BonusRule = (typeof bonusRules)[number]
