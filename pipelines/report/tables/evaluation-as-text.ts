/** One evaluation as text for a terminal: the columns, pass@k, sections, and bounds in view of unscored responses. */

import { columnKeys } from '../../comparison/outcome.js'
import type { Columns, Evaluation } from '../../evaluation/evaluation.js'
import { percent } from '../../text/percent.js'
import { columnEstimate, columnTitles, NONE } from './format.js'
import { aligned } from './table.js'

/** Shares in percent. Without samples there are no expected figures. */
export function evaluationTable(name: string, evaluation: Evaluation): string {
  const { items, judge, greedy, expected, credit, passAtK, sections } = evaluation
  const sampled = passAtK.length > 0
  const rows = [['greedy', greedy] as const, ...(sampled ? [['expected', expected] as const] : [])]
  const parts = [
    `${name}: ${items} items, ${judge === undefined ? 'by rule' : `judged by ${judge}`}`,
    aligned([
      ['%', ...columnKeys.map(key => columnTitles[key])],
      ...rows.map(([decoding, columns]) => [decoding, ...columnKeys.map(key => cell(key, columns))]),
    ]),
    ...(credit === undefined
      ? []
      : [
          `mean credit ${percent(credit.greedy)}% greedy${sampled ? `, ${percent(credit.expected)}% expected` : ''}; H-Acc is by credit`,
        ]),
    ...(sampled
      ? [
          aligned([
            ['', ...passAtK.map(({ k }) => `pass@${k}`)],
            ['%', ...passAtK.map(({ value }) => percent(value))],
          ]),
        ]
      : []),
    ...(sections.length > 1
      ? [
          aligned([
            ['section', 'items', 'value %', 'Acc', 'H-Acc', ...(credit === undefined ? [] : ['credit']), 'length'],
            ...sections.map(({ section, items: count, value, greedy: { acc, hAcc, credit: own, length } }) => [
              section,
              String(count),
              percent(value),
              percent(acc),
              hAcc === undefined ? NONE : percent(hAcc),
              ...(own === undefined ? [] : [percent(own)]),
              length.toFixed(1),
            ]),
          ]),
        ]
      : []),
    ...openLines(evaluation, sampled),
  ]
  return parts.join('\n\n')
}

function openLines({ undecided }: Evaluation, sampled: boolean): string[] {
  const of = [['greedy', undecided.greedy] as const, ...(sampled ? [['sampled', undecided.expected] as const] : [])]
  const lines = of
    .filter(([, { share }]) => share > 0)
    .map(([decoding, { share, acc, hAcc }]) => {
      const range = ({ lowest, highest }: { lowest: number; highest: number }) =>
        `${percent(lowest)} to ${percent(highest)}`
      return `${percent(share)}% of the ${decoding} responses are unscored and in no accuracy; were they all wrong, or all right: Acc ${range(acc)}, H-Acc ${range(hAcc)}`
    })
  return lines.length === 0 ? [] : [lines.join('\n')]
}

function cell(key: keyof Columns, columns: Columns): string {
  const mean = columns[key]
  return mean === undefined ? NONE : columnEstimate(key, { mean, half: null, n: 1 })
}
