/** The comparison as text: for the terminal, and as Markdown. Both show the same tables, which the report shows too. */

import type { Comparison } from '../../comparison/comparison.js'
import { alarmLines } from '../../evaluation/alarm-lines.js'
import { plainMarkdown } from '../../input/markdown.js'
import { columnsTable } from './columns-tables.js'
import { difficultyTables } from './difficulty-tables.js'
import { ABOUT_CLAIMS, claimsTable, endpointTable, seedsTable } from './endpoint-tables.js'
import { gainRule } from './format.js'
import { predictorTable } from './predictor-table.js'
import { publishedTable } from './published.js'
import { markdownTable, type Table, textTable } from './table.js'
import { transferTables } from './transfer-tables.js'
import { transmissionTable } from './transmission-table.js'

/** Plain text, columns aligned, at most about 120 wide. */
export function comparisonTable(comparison: Comparison): string {
  const alarms = alarmsIn(comparison).map(line => `ALARM ${line}`)
  return [
    headline(comparison),
    alarms.join('\n'),
    ...tablesOf(comparison).map(textTable),
    closing(comparison).join('\n'),
  ]
    .filter(part => part !== '')
    .join('\n\n')
}

export function comparisonMarkdown(comparison: Comparison): string {
  const notes = closing(comparison).map(note => `- ${plainMarkdown(note)}`)
  const alarms = alarmsIn(comparison).map(line => `- **Alarm** ${plainMarkdown(line)}`)
  return [
    `# ${plainMarkdown(headline(comparison))}`,
    alarms.join('\n'),
    ...tablesOf(comparison).map(markdownTable),
    notes.join('\n'),
  ]
    .filter(part => part !== '')
    .join('\n\n')
    .concat('\n')
}

function alarmsIn({ alarms, baseline }: Comparison): string[] {
  return alarmLines(alarms, { sweep: baseline !== null })
}

function headline({ name, baseline, arms }: Comparison): string {
  if (baseline === null) return `${name}: one experiment`
  const seeds = [...new Set(arms.flatMap(arm => arm.seeds))].sort((a, b) => a - b)
  const done = seeds.length === 0 ? 'no seed done' : `${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`
  const baselines = arms.filter(({ role }) => role === 'baseline').map(({ arm }) => arm)
  return `${name}: ${arms.length} arms, ${done}, ${baselines.length > 1 ? 'baselines' : 'baseline'} ${baselines.join(', ')}`
}

function tablesOf(comparison: Comparison): Table[] {
  return [
    endpointTable(comparison),
    seedsTable(comparison),
    claimsTable(comparison),
    columnsTable(comparison, 'expected'),
    columnsTable(comparison, 'greedy'),
    publishedTable(comparison),
    ...transferTables(comparison),
    predictorTable(comparison),
    ...difficultyTables(comparison),
    transmissionTable(comparison),
  ].filter(table => table !== null)
}

function closing(comparison: Comparison): string[] {
  const lacking = comparison.missing.map(({ arm, seed, state, failure }) => {
    const why = failure === undefined ? '' : `: ${failure.split('\n')[0]}`
    return `Left out: ${arm}, seed ${seed}, ${state}${why}`
  })
  const { claimRule } = comparison
  const rule = claimRule === null ? [] : [gainRule(claimRule, 'the 95% interval of its difference')]
  const claims = claimsTable(comparison) === null ? [] : [...rule, ABOUT_CLAIMS]
  return [...lacking, ...comparison.notes, ...claims]
}
