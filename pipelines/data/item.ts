/** An exam item: a question with its points. The paper's prompt x with its raw score s_ij and its exam's total T_i. */

export interface ChatMessage {
  role: string
  content: string
}

/** Plain text, or chat messages for a policy with a chat template. */
export type Prompt = string | readonly ChatMessage[]

/** A prompt as one text, for judges, reports and tables. */
export function promptText(prompt: Prompt): string {
  return typeof prompt === 'string' ? prompt : prompt.map(({ role, content }) => `${role}: ${content}`).join('\n')
}

/** Characters of what a prompt says, roles apart. */
export function promptLength(prompt: Prompt): number {
  return typeof prompt === 'string' ? prompt.length : prompt.reduce((sum, { content }) => sum + content.length, 0)
}

/** Limit for a reference answer, an option, and what a verifier reads of a response. (characters) */
export const maxAnswerLength = 10_000

export interface Item {
  /** Unique in the data set. */
  id: string
  /** The exam paper it belongs to. A split never divides one. */
  exam: string
  /** Part of the paper, or kind of question; accuracy is reported by it. */
  section: string
  prompt: Prompt
  /** The reference answer. */
  answer: string
  /** Points of the item, above 0. */
  points: number
  /** Total points of its exam, at least `points`. */
  total: number
  /** Points deducted for a wrong answer, at least 0 and at most `points`; left out, the config decides. */
  negative?: number
  /** How often the item counts in an evaluation: 1, or the weight of its section if sections were sampled separately. */
  weight: number
  /** The options of a multiple-choice item, in order (A, B, ...). */
  choices?: readonly string[]
  /** Worked solution, shown in the supervised warm start. */
  working?: string
  /** The other fields of its row, kept only if a verifier of the user reads them. */
  extra?: Readonly<Record<string, unknown>>
}

export interface DataSet {
  train: readonly Item[]
  test: readonly Item[]
  /** Further test sets by name, if the config has any. */
  transfer?: Readonly<Record<string, readonly Item[]>>
  /** Rows left out by `onBadRow: skip`. */
  skipped: readonly BadRow[]
  /** What is doubtful in the data, although it is used. */
  warnings: readonly DataWarning[]
  /** How its files were read. */
  reading?: readonly FileReading[]
  /** Items that stand in the prompts of the others, and are in neither part. */
  examples?: readonly Item[]
}

/** A data file as it was read. */
export interface FileReading {
  path: string
  rows: number
  /** Rows that are no items, and rows that may not be in this file beside the other one. */
  bad: number
  /** Items that were left out because the verifier cannot read their reference; absent if there are none. */
  unread?: number
  /** Form of its rows, as named or as told by the first of them. */
  form: string
  /** What its columns mean: `prompt` to `problem`. */
  mapping: Readonly<Record<string, string>>
}

export interface BadRow {
  /** File and 1-based row. */
  place: string
  reason: string
}

export interface DataWarning {
  /** File, with a row if the reason is about one. */
  place: string
  /** With the number of rows and three examples if it is about several. */
  reason: string
}
