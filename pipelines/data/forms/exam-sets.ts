/** Exams with the points that people gave: those of this project, the public set of the paper, and published sets. */
import { BadField, type Fields } from '../files/fields.js'
import { columnOf, hasColumn } from './columns.js'
import type { Form } from './form.js'

const all = (fields: Fields, columns: readonly string[]) => columns.every(column => hasColumn(fields, column))

export const plain: Form = {
  about: 'the form of this project',
  tells: fields => all(fields, ['prompt', 'answer', 'points']),
  toldBy: '`prompt`, `answer`, `points`, whatever other columns there are',
  mapping: {},
}

export const rlev: Form = {
  about: "the paper's public set. Its rows have no exam: a question stands for its exam",
  tells: fields => hasColumn(fields, 'query'),
  toldBy: '`query`',
  mapping: { prompt: 'query', answer: 'label', points: 'score' },
}

/** Full marks of the papers by the subject that the file's `keywords` name; every other one is part of a paper of 300. */
const PAPERS_OF_150 = /math|english|chinese/i

export const gaokaoBench: Form = {
  about:
    'GAOKAO-Bench, `{"keywords": ..., "example": [...]}`. Total: 150 for Chinese, mathematics and English, 300 for the other subjects, by `keywords`. A question with several answers is a bad row',
  tells: fields => all(fields, ['question', 'answer', 'score', 'year', 'category']),
  toldBy: '`question`, `answer`, `score`, `year`, `category`',
  mapping: {
    prompt: 'question',
    answer: 'one answer',
    points: 'score',
    total: 'total of the subject',
    exam: ['year', 'paper'],
    working: 'analysis',
  },
  derived: {
    columns: fields => ({
      'one answer': oneAnswer(fields['answer']),
      paper: paperName(fields['category']),
      'total of the subject': totalOfSubject(fields),
    }),
    names: { 'one answer': '`answer`', paper: '`category`', 'total of the subject': '150 or 300 by `keywords`' },
  },
}

function oneAnswer(answer: unknown): unknown {
  if (!Array.isArray(answer)) return typeof answer === 'string' ? answer.trim() : answer
  if (answer.length === 1) return answer[0]
  throw new BadField(
    answer.length === 0
      ? 'no answer (answer is an empty list)'
      : `the answer (answer) is a list of ${answer.length} for a group of questions, one is expected`,
  )
}

/** One paper is written in several ways: （新课标Ⅰ）, （新课标ⅰ）, （新课标i卷）. */
function paperName(category: unknown): unknown {
  if (typeof category !== 'string') return category
  return category
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[()\s]|卷(?=\)?$)/g, '')
}

function totalOfSubject(fields: Fields): number | null {
  const keywords = columnOf(fields, 'keywords')
  if (typeof keywords !== 'string') return null
  return PAPERS_OF_150.test(keywords) ? 150 : 300
}

/** The usual marking of these papers; single years differ. */
const jeePoints = { by: 'type', MCQ: 3, 'MCQ(multiple)': 4, Integer: 3, Numeric: 3 }
const jeeNegative = { by: 'type', MCQ: 1, 'MCQ(multiple)': 2, Integer: 0, Numeric: 0 }

export const jeebench: Form = {
  about:
    'JEEBench. The file has no points: those of the usual marking, by type of question, with `data.fields.points` and `negative` for others; the total is the sum of the paper. Numeric answers are compared with `reward.absoluteTolerance: 0.01`',
  tells: fields => all(fields, ['description', 'type', 'question', 'gold']),
  toldBy: '`description`, `type`, `question`, `gold`',
  mapping: {
    prompt: 'question',
    answer: 'gold',
    points: jeePoints,
    negative: jeeNegative,
    total: { sumOf: 'exam' },
    exam: 'description',
    section: 'type',
    id: ['description', 'index'],
  },
}

export const courseExamBench: Form = {
  about:
    'course_exam_bench (questions.jsonl). The total is the sum of the exam, which is the one of exams_metadata.json',
  tells: fields => all(fields, ['problem', 'answer', 'points', 'exam_id']),
  toldBy: '`problem`, `answer`, `points`, `exam_id`',
  mapping: {
    prompt: 'problem',
    total: { sumOf: 'exam' },
    exam: 'exam_id',
    section: 'type',
    id: 'instance_id',
    working: 'explanation',
  },
}
