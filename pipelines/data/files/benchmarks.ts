/**
 * Multiple-choice benchmarks as they are published: GPQA, C-Eval, MMLU-Pro and SuperGPQA, which the paper uses to test
 * transfer (table 2). They have no points, so every question is worth 1 of 100 and H-Acc equals Acc. The prompt is the
 * question with its lettered options. The verifier is `choice`.
 */
import type { benchmarkNames } from '../../config/sections/data.js'
import { stream } from '../../random.js'
import { BadField, type Fields, optionalText, optionalTexts, requiredText } from './fields.js'

export type BenchmarkForm = (typeof benchmarkNames)[number]

/** The benchmark of a row, recognized by fields that no other form has; null if no form fits. */
export function benchmarkOf(fields: Fields): BenchmarkForm | null {
  if ('Correct Answer' in fields) return 'gpqa'
  if ('answer_letter' in fields) return 'super-gpqa'
  if ('question_id' in fields && 'options' in fields) return 'mmlu-pro'
  return 'question' in fields && 'A' in fields && 'B' in fields ? 'c-eval' : null
}

/** The row in the form `plain`. Throws BadField. */
export function plainFields(fields: Fields, form: BenchmarkForm): Fields {
  switch (form) {
    case 'gpqa':
      return gpqa(fields)
    case 'c-eval':
      return lettered({
        question: requiredText(fields, 'question', 'question'),
        options: lettersIn(fields).map(letter => requiredText(fields, letter, `option ${letter}`)),
        answer: requiredText(fields, 'answer', 'answer'),
        id: optionalText(fields, 'id'),
        section: optionalText(fields, 'subject'),
        instruction: '请只用正确选项的字母作答。',
      })
    case 'mmlu-pro':
      return lettered({
        question: requiredText(fields, 'question', 'question'),
        options: requiredOptions(fields),
        answer: requiredText(fields, 'answer', 'answer'),
        id: optionalText(fields, 'question_id'),
        section: optionalText(fields, 'category'),
      })
    case 'super-gpqa':
      return lettered({
        question: requiredText(fields, 'question', 'question'),
        options: requiredOptions(fields),
        answer: requiredText(fields, 'answer_letter', 'answer'),
        id: optionalText(fields, 'uuid'),
        section: optionalText(fields, 'discipline'),
      })
    default:
      return form satisfies never
  }
}

/** A to D, and further letters that are in the row. A table leaves the cells of questions with fewer options empty. */
function lettersIn(fields: Fields): string[] {
  const letters = Array.from({ length: 26 }, (_, index) => letterOf(index))
  const last = letters.findLastIndex(letter => optionalText(fields, letter) !== undefined)
  return letters.slice(0, Math.max(last + 1, 2))
}

/** The file has the right answer first. Here the options are shuffled in an order that depends only on the question. */
function gpqa(fields: Fields): Fields {
  // A table's header becomes `question`, which other forms look for.
  const question = requiredText(fields, 'Question' in fields ? 'Question' : 'question', 'question')
  const right = requiredText(fields, 'Correct Answer', 'answer').trim()
  const wrong = [1, 2, 3].map(number =>
    requiredText(fields, `Incorrect Answer ${number}`, `wrong answer ${number}`).trim(),
  )
  const all = [right, ...wrong]
  const order = stream(0, `options of ${question}`).permutation(all.length)
  return lettered({
    question,
    options: order.map(index => all[index] as string),
    answer: letterOf(order.indexOf(0)),
    id: optionalText(fields, 'Record ID'),
    section: optionalText(fields, 'High-level domain'),
  })
}

function lettered({
  question,
  options,
  answer,
  id,
  section,
  instruction = 'Answer with the letter of the right option.',
}: {
  question: string
  options: readonly string[]
  answer: string
  id: string | undefined
  section: string | undefined
  instruction?: string
}): Fields {
  const letter = answer.trim().toUpperCase()
  if (!options.some((_, index) => letterOf(index) === letter)) {
    throw new BadField(
      `the answer is ${JSON.stringify(answer)}, a letter from A to ${letterOf(options.length - 1)} is expected`,
    )
  }
  const lines = options.map((option, index) => `${letterOf(index)}. ${option}`)
  return {
    id,
    section,
    prompt: [question.trim(), ...lines, instruction].join('\n'),
    answer: letter,
    points: 1,
    total: 100,
    choices: options,
  }
}

function requiredOptions(fields: Fields): string[] {
  const options = optionalTexts(fields, 'options')
  if (options === undefined || options.length < 2) throw new BadField('no options, two or more are expected')
  if (options.length > 26) throw new BadField(`there are ${options.length} options, at most 26 have a letter`)
  return options
}

const letterOf = (index: number): string => String.fromCharCode(65 + index)
