/** Sets of questions with worked solutions, and the prompt data sets of other trainers. They have no points. */
import { boxedAnswer } from '../../text/boxed.js'
import { BadField, type Fields, isFields, requiredText } from '../files/fields.js'
import { oneOfHundred } from './choice-sets.js'
import { columnOf, hasColumn, isFilled } from './columns.js'
import type { Form } from './form.js'

/** A worked solution that ends in `#### 18`. */
const MARK = '####'

export const gsm8k: Form = {
  about: 'GSM8K. The answer is what follows `####`; what stands before it is the working, without `<<...>>`',
  tells: fields => hasColumn(fields, 'question') && textIn(fields, 'answer').includes(MARK),
  toldBy: '`question`, `answer` with `####`',
  mapping: { ...oneOfHundred, prompt: 'question', answer: 'final answer', working: 'calculation' },
  derived: {
    columns: fields => {
      const answer = requiredText(columnOf(fields, 'answer'), 'answer', 'answer')
      const mark = answer.lastIndexOf(MARK)
      if (mark < 0) throw new BadField(`the answer (answer) has no ${MARK} before its final number`)
      return {
        'final answer': answer.slice(mark + MARK.length).trim(),
        calculation: answer
          .slice(0, mark)
          .replace(/<<[^<>]*>>/g, '')
          .trim(),
      }
    },
    names: { 'final answer': '`answer` after `####`', calculation: '`answer` before `####`' },
  },
}

export const math: Form = {
  about: 'MATH and MATH-500. The answer is `answer`, or the last box of `solution`',
  tells: fields =>
    hasColumn(fields, 'problem') &&
    textIn(fields, 'solution') !== '' &&
    (isFilled(fields, 'answer') || boxedAnswer(textIn(fields, 'solution')) !== null),
  toldBy: '`problem`, `solution` with `\\boxed{}`',
  mapping: {
    ...oneOfHundred,
    prompt: 'problem',
    answer: 'boxed answer',
    working: 'solution',
    section: 'subject',
    id: 'unique_id',
  },
  derived: {
    columns: fields => ({
      'boxed answer': isFilled(fields, 'answer') ? columnOf(fields, 'answer') : boxedOf(fields),
      subject: columnOf(fields, 'subject') ?? columnOf(fields, 'type'),
    }),
    names: { 'boxed answer': '`answer`, or the box in `solution`', subject: '`subject` or `type`' },
  },
}

function boxedOf(fields: Fields): string {
  const boxed = boxedAnswer(requiredText(columnOf(fields, 'solution'), 'solution', 'solution'))
  if (boxed === null) throw new BadField('no answer (the solution has no \\boxed{})')
  return boxed
}

export const reasoningGym: Form = {
  about: 'reasoning-gym, its JSONL',
  tells: fields =>
    hasColumn(fields, 'question') && hasColumn(fields, 'answer') && isFields(columnOf(fields, 'metadata')),
  toldBy: '`question`, `answer`, `metadata` (an object)',
  mapping: { ...oneOfHundred, prompt: 'question', section: 'metadata.source_dataset' },
}

export const verl: Form = {
  about: 'prompt data of verl: `prompt` as messages, `reward_model: {ground_truth}`',
  tells: fields => hasColumn(fields, 'prompt') && hasColumn(fields, 'reward_model.ground_truth'),
  toldBy: '`prompt`, `reward_model.ground_truth`',
  mapping: { ...oneOfHundred, answer: 'reward_model.ground_truth', section: 'data_source' },
}

export const trl: Form = {
  about: 'prompt data of TRL: `prompt` as messages or text, `solution` or `answer`',
  tells: fields =>
    hasColumn(fields, 'prompt') &&
    (isFilled(fields, 'solution') || (Array.isArray(columnOf(fields, 'prompt')) && isFilled(fields, 'answer'))),
  toldBy: '`prompt`, `solution`; or `prompt` as messages, `answer`',
  mapping: { ...oneOfHundred, answer: 'solution or answer' },
  derived: {
    columns: fields => ({ 'solution or answer': columnOf(fields, 'answer') ?? solutionOf(fields) }),
    names: { 'solution or answer': '`answer`, or `solution` (the box in it, if it has one)' },
  },
}

/** A worked solution ends in a box; a short one is the answer itself. */
function solutionOf(fields: Fields): unknown {
  const solution = columnOf(fields, 'solution')
  return typeof solution === 'string' ? (boxedAnswer(solution) ?? solution) : solution
}

function textIn(fields: Fields, column: string): string {
  const value = columnOf(fields, column)
  return typeof value === 'string' ? value : ''
}
