/** What `rlev score` prints for a person: a table of verdicts, examples of each, and the agreement with the file's own marks. */
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { given } from '../../pipelines/given.js'
import { shortened } from '../../pipelines/printable.js'
import { layOutTable } from '../../pipelines/text/table.js'
import { oneLine } from '../../pipelines/text/width.js'
import { formatNumber, formatShare } from '../text/format.js'
import { type Agreement, agreementOf, type ScoredRow } from './agreement.js'

/** Examples of each verdict. */
const maxExamples = 10

const verdicts = ['correct', 'wrong', 'unscored'] as const

/** `against`: the field that the verdicts are compared with. */
export function scoreText({
  place,
  rows,
  reward,
  against,
  width,
}: {
  place: string
  rows: readonly ScoredRow[]
  reward: ExperimentConfig['reward']
  against?: string | undefined
  width?: number | undefined
}): string {
  const known = given({ width })
  const answer = typeof reward.answer === 'string' ? reward.answer : JSON.stringify(reward.answer)
  return [
    `${place}: ${rows.length} responses`,
    `verifier ${reward.verifier}, final answer ${answer}, scale ${scaleText(reward)}`,
    '',
    ...verdictTable(rows),
    ...verdicts.flatMap(verdict =>
      exampleLines({ title: verdict, rows: rows.filter(({ scored }) => scored.verdict === verdict), known }),
    ),
    ...(against === undefined ? [] : agreementLines(agreementOf(rows), against, known)),
  ].join('\n')
}

function scaleText({ scale, alpha, cap }: ExperimentConfig['reward']): string {
  if (scale === 'correctness') return scale
  return scale === 'multiplicative' ? `${scale} (alpha ${alpha})` : `${scale} (alpha ${alpha}, cap ${cap})`
}

function verdictTable(rows: readonly ScoredRow[]): string[] {
  const headings = ['verdict', 'responses', '%', 'credit', 'value', 'scale', 'reward']
  const groups = [...verdicts, 'all'] as const
  return layOutTable({
    columns: headings.map((heading, index) => ({ heading, align: index === 0 ? 'left' : 'right' })),
    rows: groups.map(group => {
      const own = rows.filter(({ scored }) => group === 'all' || scored.verdict === group).map(({ scored }) => scored)
      return [
        group,
        String(own.length),
        formatShare(own.length / rows.length),
        meanText(own.map(({ credit }) => credit)),
        meanText(own.map(({ value }) => value)),
        meanText(own.map(({ scale }) => scale)),
        meanText(own.map(({ reward }) => reward)),
      ]
    }),
  })
}

/** Mean of what is known. */
function meanText(numbers: readonly (number | null)[]): string {
  const known = numbers.filter(number => number !== null)
  return known.length === 0 ? '-' : formatNumber(known.reduce((sum, number) => sum + number, 0) / known.length, 4)
}

function exampleLines({
  title,
  rows,
  known,
}: {
  title: string
  rows: readonly ScoredRow[]
  known: { width?: number }
}): string[] {
  if (rows.length === 0) return []
  const shown = rows.slice(0, maxExamples)
  const reasoned = shown.some(({ scored }) => scored.reason !== undefined)
  const number = (value: number | null) => formatNumber(value ?? undefined, 4)
  return [
    '',
    `${title}: ${shown.length} of ${rows.length}`,
    ...layOutTable({
      columns: [
        { heading: 'row', align: 'right' },
        { heading: 'final answer', shrinks: true },
        { heading: 'reference', shrinks: true },
        { heading: 'credit', align: 'right' },
        { heading: 'value', align: 'right', dispensable: 1 },
        { heading: 'scale', align: 'right', dispensable: 2 },
        { heading: 'reward', align: 'right' },
        ...(reasoned ? [{ heading: 'why', shrinks: true }] : []),
      ],
      rows: shown.map(({ row, scored }) => [
        String(row.row),
        scored.read === null ? missingAnswer(row.response.finish) : cell(scored.read),
        cell(row.item.answer),
        number(scored.credit),
        number(scored.value),
        number(scored.scale),
        number(scored.reward),
        ...(reasoned ? [oneLine(shortened(scored.reason ?? '', 120))] : []),
      ]),
      ...known,
    }),
  ]
}

function missingAnswer(finish: 'stop' | 'length'): string {
  return finish === 'length' ? '(cut at the limit)' : '(no final answer)'
}

const cell = (text: string) => oneLine(shortened(text, 60))

function agreementLines(agreement: Agreement, field: string, known: { width?: number }): string[] {
  const { compared, agree, falsePositives, falseNegatives, unscored, meanCreditDifference } = agreement
  const left = unscored === 0 ? '' : `; ${unscored} unscored, not compared`
  return [
    '',
    compared === 0
      ? `against ${field}: nothing to compare${left}`
      : `against ${field}: ${agree} of ${compared} agree (${formatShare(agree / compared)}%)${left}; mean difference of credit ${formatNumber(meanCreditDifference ?? undefined, 4)}`,
    ...exampleLines({ title: `correct here, not in ${field}`, rows: falsePositives, known }),
    ...exampleLines({ title: `wrong here, correct in ${field}`, rows: falseNegatives, known }),
  ]
}
