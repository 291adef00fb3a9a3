/**
 * The greedy responses of the last evaluation as a CSV file, so that a person can check the verdicts by hand: what was asked, what was
 * said, whether it was cut, what was read as the final answer, and the verdict. Sampled responses are not kept as texts.
 */
import type { ExperimentOutcome } from '../comparison/outcome.js'
import { shortened } from '../printable.js'
import { finalAnswer } from '../rewards/final-answer.js'
import { creditOf } from '../rewards/mark.js'
import type { Finish } from '../rollout/response.js'
import { csvLine } from './tables/csv.js'

/** Of a prompt, a reference, a response or a final answer. */
export const maxCharacters = 4000

/** Of a file, and of all files of a report. */
export const maxFileBytes = 16 * 2 ** 20
export const maxReportBytes = 64 * 2 ** 20

const header = [
  'id',
  'prompt',
  'reference',
  'response',
  'finish',
  'final answer',
  'verdict',
  'credit',
  'section',
  'value',
]

/** `stop`: at a stop of the config; `end`: at the end-of-sequence token. */
function finishText(finish: Finish, stoppedBy: string | undefined): string {
  if (finish === 'length') return 'cut'
  return stoppedBy === undefined ? 'end' : 'stop'
}

export const singleResponsesFile = 'responses.csv'

/** Paths in the report's folder, and contents: `responses.csv` of a single experiment, `responses/ARM-seed-N.csv` of a sweep. */
export function responsesFiles(
  outcomes: readonly ExperimentOutcome[],
  { sweep }: { sweep: boolean },
): [path: string, content: string][] {
  const known = outcomes.filter(({ items }) => items !== undefined)
  const maxBytes = Math.min(maxFileBytes, Math.floor(maxReportBytes / Math.max(1, known.length)))
  return known.map(outcome => [
    sweep ? `responses/${outcome.arm}-seed-${outcome.seed}.csv` : singleResponsesFile,
    responsesCsv(outcome, maxBytes),
  ])
}

/** In the order of the test items. The last line of a file that is full says how many items it lacks. */
export function responsesCsv(
  { items: results, config }: Pick<ExperimentOutcome, 'items' | 'config'>,
  maxBytes: number,
): string {
  const { items = [], responses = [] } = results ?? {}
  const lines = [csvLine(header)]
  let bytes = Buffer.byteLength(lines.join(''))
  for (const [index, item] of items.entries()) {
    const response = responses[index]
    if (response === undefined) break
    const { text, finish, stoppedBy, verdict } = response
    const read = finish === undefined ? null : finalAnswer({ text, finish, answer: config.reward.answer })
    const line = csvLine([
      shortened(item.id, maxCharacters),
      shortened(item.prompt, maxCharacters),
      shortened(item.answer, maxCharacters),
      shortened(text, maxCharacters),
      finish === undefined ? '' : finishText(finish, stoppedBy),
      shortened(read ?? '', maxCharacters),
      verdict,
      verdict === 'unscored' ? '' : String(creditOf(response)),
      shortened(item.section, maxCharacters),
      String(item.value),
    ])
    bytes += Buffer.byteLength(line)
    if (bytes > maxBytes) {
      lines.push(csvLine([`(${items.length - index} more items are left out: the file is full)`]))
      break
    }
    lines.push(line)
  }
  return lines.join('')
}
