/**
 * Multiple-choice sets as they are published: GPQA, C-Eval, MMLU-Pro and SuperGPQA, which the paper uses to test transfer (table 2),
 * and AGIEval. They have no points. The prompt is the question with its lettered options. The verifier is `choice`.
 */
import { digest } from '../../config/digest.js'
import { stream } from '../../random.js'
import { BadField, type Fields, requiredText, textOf } from '../files/fields.js'
import { columnOf, hasColumn, isFilled } from './columns.js'
import type { Form } from './form.js'
import { letterOf, withoutLetters } from './lettered.js'
import type { Mapping } from './mapping.js'

/** Every question of a set without points: one of a hundred. */
export const oneOfHundred = { points: 1, total: 100 } as const satisfies Mapping

/** The columns A to Z of a table. */
const letters = Array.from({ length: 26 }, (_, index) => letterOf(index))

export const gpqa: Form = {
  about:
    'GPQA. The right answer comes first in the file; the options are shuffled in an order that depends only on the question',
  tells: fields => hasColumn(fields, 'Correct Answer') && hasColumn(fields, 'Incorrect Answer 1'),
  toldBy: '`Correct Answer`, `Incorrect Answer 1`',
  mapping: {
    ...oneOfHundred,
    prompt: 'Question',
    id: 'Record ID',
    section: 'High-level domain',
    choices: 'shuffled options',
    answer: 'letter',
  },
  derived: {
    columns: shuffledOptions,
    names: {
      'shuffled options': '`Correct Answer`, `Incorrect Answer 1` to `3`',
      letter: 'the letter of `Correct Answer`',
    },
  },
  lettered: 'one-letter',
}

function shuffledOptions(fields: Fields): Fields {
  const text = (column: string, what: string) => requiredText(columnOf(fields, column), column, what)
  const question = text('Question', 'question')
  const right = text('Correct Answer', 'answer').trim()
  const wrong = [1, 2, 3].map(number => text(`Incorrect Answer ${number}`, `wrong answer ${number}`).trim())
  const all = [right, ...wrong]
  const order = stream(0, `options of ${question}`).permutation(all.length)
  return { 'shuffled options': order.map(index => all[index]), letter: letterOf(order.indexOf(0)) }
}

export const superGpqa: Form = {
  about: 'SuperGPQA',
  tells: fields => hasColumn(fields, 'answer_letter') && hasColumn(fields, 'options'),
  toldBy: '`answer_letter`, `options`',
  mapping: {
    ...oneOfHundred,
    prompt: 'question',
    answer: 'answer_letter',
    choices: 'options',
    id: 'uuid',
    section: 'discipline',
  },
  lettered: 'one-letter',
}

export const mmluPro: Form = {
  about: 'MMLU-Pro',
  tells: fields => hasColumn(fields, 'question_id') && hasColumn(fields, 'options'),
  toldBy: '`question_id`, `options`',
  mapping: { ...oneOfHundred, prompt: 'question', choices: 'options', id: 'question_id', section: 'category' },
  lettered: 'one-letter',
}

export const cEval: Form = {
  about: 'C-Eval, and any table with a column for each option, of two or more',
  tells: fields => ['question', 'A', 'B', 'answer'].every(column => hasColumn(fields, column)),
  toldBy: '`question`, `A`, `B`, `answer`',
  mapping: { ...oneOfHundred, prompt: 'question', choices: letters, section: 'subject' },
  lettered: 'one-letter',
}

export const agieval: Form = {
  about:
    'AGIEval. Questions of one passage are one exam. A list of letters is one answer; questions without options have their answer in `answer`',
  tells: fields =>
    hasColumn(fields, 'passage') &&
    hasColumn(fields, 'question') &&
    hasColumn(fields, 'options') &&
    hasColumn(fields, 'label'),
  toldBy: '`passage`, `question`, `options`, `label`',
  mapping: {
    ...oneOfHundred,
    prompt: ['passage', 'question'],
    answer: 'label or answer',
    choices: 'options without letters',
    exam: 'exam of the passage',
    working: 'other.solution',
  },
  derived: {
    columns: fields => ({
      'label or answer': agievalAnswer(fields),
      'options without letters': withoutLetters(agievalOptions(fields)),
      'exam of the passage': isFilled(fields, 'passage') ? `passage-${digest(fields['passage']).slice(0, 16)}` : null,
    }),
    names: {
      'label or answer': '`label`, or `answer`',
      'options without letters': '`options`',
      'exam of the passage': '`passage`',
    },
  },
  lettered: 'letters',
}

function agievalAnswer({ label, answer }: Fields): unknown {
  if (label === null || label === undefined || label === '') return answer
  return Array.isArray(label) ? label.join('') : label
}

function agievalOptions({ options }: Fields): string[] {
  if (options === null || options === undefined) return []
  const texts = Array.isArray(options) ? options.map(textOf) : [null]
  if (texts.includes(null)) throw new BadField('options is no list of texts')
  return texts.filter(text => text !== null)
}
