/** What a plan says about its data files: the form that was told, the exams with their totals, and a prompt as the policy gets it. */
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { DataSet, FileReading, Item } from '../../pipelines/data/item.js'
import { plannedTokenizer } from '../../pipelines/memory/planned-tokenizer.js'
import { longestPrompt, meanPromptTokens } from '../../pipelines/memory/prompt-tokens.js'
import { layOutTable } from '../../pipelines/text/table.js'

export interface PlannedExam {
  name: string
  part: 'train' | 'test' | 'examples'
  questions: number
  /** Sum of the points of its questions. */
  points: number
  /** Points of the whole exam, ascending; several if its rows differ. */
  totals: number[]
}

export interface PlannedPrompt {
  item: string
  /** As the policy gets it: with its chat template, if it has one. */
  text: string
  tokens: number
}

export interface PlannedData {
  files: readonly FileReading[]
  exams: PlannedExam[]
  /** Items that stand as solved examples in the prompts of the others. */
  examples: number
  prompt: PlannedPrompt
  longest: Pick<PlannedPrompt, 'item' | 'tokens'>
  /** Tokens of a prompt on average, over at most 256 of those that are trained on, or else tested. */
  meanTokens: number
}

/** Undefined without items; a synthetic exam has no files and is no list of papers. Throws CheckpointInvalid if the tokenizer of a checkpoint cannot be used. */
export async function plannedData(dataset: DataSet, config: ExperimentConfig): Promise<PlannedData | undefined> {
  const { train, test, examples = [], reading } = dataset
  const shown = train[0] ?? test[0]
  if (shown === undefined) return undefined
  const tokenizer = plannedTokenizer(config, dataset)
  const tokens = (await tokenizer.encodePrompt(shown.prompt)).length
  return {
    files: reading ?? [],
    exams:
      reading === undefined
        ? []
        : [...examsOf(train, 'train'), ...examsOf(test, 'test'), ...examsOf(examples, 'examples')],
    examples: examples.length,
    prompt: { item: shown.id, text: await tokenizer.renderPrompt(shown.prompt), tokens },
    longest: await longestPrompt([...train, ...test], tokenizer),
    meanTokens: await meanPromptTokens(train.length === 0 ? test : train, tokenizer),
  }
}

/** In the order of the rows. */
function examsOf(items: readonly Item[], part: PlannedExam['part']): PlannedExam[] {
  const exams = new Map<string, PlannedExam>()
  for (const { exam: name, points, total } of items) {
    const exam = exams.get(name) ?? { name, part, questions: 0, points: 0, totals: [] }
    exam.questions++
    exam.points = Number((exam.points + points).toPrecision(12))
    if (!exam.totals.includes(total)) exam.totals = [...exam.totals, total].sort((a, b) => a - b)
    exams.set(name, exam)
  }
  return [...exams.values()]
}

/** Exams that are listed; of more, those whose points are not as expected come first. */
const MAX_EXAMS = 12

/** Of the prompt that is shown. */
const MAX_LINES = 24
const MAX_CHARACTERS = 2_000

export function dataLines(data: PlannedData | undefined): string[] {
  if (data === undefined) return []
  const { files, exams, examples, prompt, longest, meanTokens } = data
  return [
    '',
    ...files.flatMap(fileLines),
    ...(examples === 0 ? [] : [`  ${examples} items are examples in the prompts, and in neither part`]),
    ...examLines(exams),
    `prompt of ${prompt.item}, ${prompt.tokens} tokens (on average ${Math.round(meanTokens)}; the longest, of ${longest.item}, has ${longest.tokens}):`,
    ...cut(prompt.text).map(line => `  | ${line}`.trimEnd()),
  ]
}

function fileLines({ path, rows, bad, unread, form, mapping }: FileReading): string[] {
  const words = Object.entries(mapping).map(([field, column]) => `${field} from ${column}`)
  const left = unread === undefined ? '' : `, ${unread} left out because the verifier cannot read their reference`
  return [`${path}: ${rows} rows, ${bad} bad${left}, in the form ${form}`, `  ${words.join('; ').replaceAll('`', '')}`]
}

function examLines(exams: readonly PlannedExam[]): string[] {
  const papers = exams.filter(({ questions }) => questions > 1)
  if (papers.length === 0) return []
  const sorted = papers.length > MAX_EXAMS ? papers.toSorted((a, b) => weightOf(b) - weightOf(a)) : papers
  const rows = sorted
    .slice(0, MAX_EXAMS)
    .map(exam => [
      exam.name,
      exam.part,
      ...[exam.questions, exam.points].map(String),
      exam.totals.join(', '),
      comparison(exam),
    ])
  const columns = [
    { heading: 'exam', shrinks: true },
    { heading: 'part' },
    ...['questions', 'sum of points', 'total'].map(heading => ({ heading, align: 'right' as const })),
    { heading: '' },
  ]
  const left = sorted.slice(MAX_EXAMS)
  const doubtful = left.filter(exam => weightOf(exam) === 2).length
  const single = exams.length - papers.length
  return [
    ...layOutTable({ columns, rows, width: MAX_WIDTH }).map(line => `  ${line}`),
    ...(left.length === 0
      ? []
      : [`  and ${left.length} more exams${doubtful > 0 ? `, ${doubtful} of them doubtful` : ''}`]),
    ...(single === 0 ? [] : [`  and ${single} exams of one question`]),
  ]
}

const MAX_WIDTH = 118

/** 2: more points than the total, or several totals; 1: a part of the paper; 0: all of it. */
function weightOf({ points, totals }: PlannedExam): 0 | 1 | 2 {
  const [total = 0] = totals
  if (totals.length > 1 || points > total) return 2
  return points === total ? 0 : 1
}

function comparison({ points, totals }: PlannedExam): string {
  const [total = 0] = totals
  if (totals.length > 1) return 'its rows have several totals'
  if (points > total) return 'more than the total'
  return points === total ? 'the whole total' : `${Math.round((100 * points) / total)}% of the total`
}

function cut(text: string): string[] {
  const lines = text.slice(0, MAX_CHARACTERS).split('\n')
  const shown = lines.slice(0, MAX_LINES)
  const left = text.length - shown.join('\n').length
  return left > 0 ? [...shown, `(${left} characters more)`] : shown
}
