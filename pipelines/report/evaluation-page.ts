/** The report of an evaluation without training: one policy, one set of items, no comparison. */

import { alarmsOfOutcome, columnKeys, type ExperimentOutcome } from '../comparison/outcome.js'
import type { ExperimentPlan } from '../config/schema.js'
import type { Columns, Evaluation } from '../evaluation/evaluation.js'
import type { Undecided } from '../evaluation/undecided.js'
import { percent } from '../text/percent.js'
import { eosSection } from './figures/eos.js'
import { type Html, html, table } from './html.js'
import { dataOf } from './material.js'
import { type Page, page } from './page.js'
import { alarmList } from './sections/alarms.js'
import { configurationSection } from './sections/configuration.js'
import { dataSection } from './sections/data.js'
import { responsesSection } from './sections/responses.js'
import { termList, termsOfEvaluation } from './sections/terms.js'
import { columnCell, numberCell, shareCell } from './tables/cells.js'
import { columnTitles } from './tables/format.js'
import type { Cell } from './tables/table.js'

/** The page. `versions` and `links` as in a report. */
export function renderEvaluation({
  plan,
  outcome,
  versions,
  links,
}: {
  plan: ExperimentPlan
  outcome: ExperimentOutcome
  versions: Readonly<Record<string, string>>
  links: Readonly<Record<string, string>>
}): Page {
  const evaluation = outcome.evaluations.at(-1)
  const marks = [{ name: plan.name, index: 0, baseline: false }]
  const done = [outcome]
  const alarmed = [{ arm: plan.name, seed: outcome.seed, alarms: alarmsOfOutcome(outcome) }]
  const body = html`${alarmList(alarmed, { sweep: false })}
${evaluation === undefined ? html`<p>Nothing is evaluated yet.</p>` : result(evaluation)}
<h2>When the policy ends its response</h2>
${eosSection({ marks, done }) ?? html`<p class="faint">No trajectory.</p>`}
<h2>Sample responses</h2>
${responsesSection({ marks, done })}
${dataPart(outcome)}
<h2>What was run</h2>
${configurationSection({ plan, done, versions, links })}`
  return page({ name: plan.name, body })
}

function result({ items, judge, greedy, expected, credit, undecided, passAtK, sections }: Evaluation): Html {
  const sampled = passAtK.length > 0
  const row = (decoding: string, columns: Columns) => ({
    cells: [decoding, ...columnKeys.map(key => figureCell(key, columns[key]))],
  })
  return html`<p class="faint">${items} items; verdicts ${judge === undefined ? 'by a rule' : `of the judge ${judge}`}. One evaluation of one policy has no interval over
seeds.</p>
${termList(termsOfEvaluation({ sampled, credits: credit !== undefined }))}
<h2>Result</h2>
${table({
  name: 'columns',
  title: 'Percent; length in tokens; density in percent a token',
  header: ['decoding', ...columnKeys.map(key => columnTitles[key])],
  rows: [row('greedy', greedy), ...(sampled ? [row('expected over samples', expected)] : [])],
})}
${
  credit === undefined
    ? null
    : html`<p>Mean credit of an answer: ${percent(credit.greedy)}% greedy${sampled ? `, ${percent(credit.expected)}% expected` : ''}. H-Acc is by credit.</p>`
}
${
  sampled
    ? table({
        name: 'pass-at-k',
        title: 'pass@k, unbiased, in percent',
        header: ['', ...passAtK.map(({ k }) => `k = ${k}`)],
        rows: [{ cells: ['pass@k', ...passAtK.map(({ value }) => shareCell(value))] }],
      })
    : null
}
${open({ greedy: undecided.greedy, ...(sampled ? { 'expected over samples': undecided.expected } : {}) })}
<h2>By section</h2>
${table({
  name: 'sections',
  title: 'Greedy. Percent; length in tokens',
  header: [
    'section',
    'items',
    'mean value',
    'Acc',
    'H-Acc',
    ...(credit === undefined ? [] : ['mean credit']),
    'length',
  ],
  rows: sections.map(({ section, items: count, value, greedy: { acc, hAcc, credit: own, length } }) => ({
    cells: [
      section,
      String(count),
      shareCell(value),
      shareCell(acc),
      shareCell(hAcc),
      ...(own === undefined ? [] : [shareCell(own)]),
      numberCell(length.toFixed(1), length),
    ],
  })),
})}`
}

function dataPart(outcome: ExperimentOutcome): Html {
  const section = dataSection({ data: dataOf([outcome]) })
  return section === null ? html`` : html`<h2>Data</h2>\n${section}`
}

function figureCell(key: keyof Columns, mean: number | undefined): Cell {
  return columnCell(key, mean === undefined ? null : { mean, half: null, n: 1 })
}

/** Empty if every response has a verdict. */
function open(decodings: Readonly<Record<string, Undecided>>): Html {
  const rows = Object.entries(decodings).filter(([, { share }]) => share > 0)
  if (rows.length === 0) return html``
  const range = ({ lowest, highest }: Undecided['acc']): Cell => ({
    text: `${percent(lowest)} to ${percent(highest)}`,
    numbers: { lowest: 100 * lowest, highest: 100 * highest },
  })
  return table({
    name: 'unscored',
    title:
      'Responses without a verdict are not counted in accuracies. If all were wrong, or all correct, accuracies would be (percent)',
    header: ['responses', 'unscored', 'Acc', 'H-Acc'],
    rows: rows.map(([decoding, { share, acc, hAcc }]) => ({
      cells: [decoding, shareCell(share), range(acc), range(hAcc)],
    })),
  })
}
