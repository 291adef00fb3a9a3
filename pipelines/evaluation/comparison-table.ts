/** The comparison as text: for the terminal, and as Markdown. Both show the same rows. */

import { plainMarkdown } from '../input/markdown.js'
import type { ArmComparison, ColumnEstimates, Comparison } from './comparison.js'
import {
  columnEstimate,
  columnTitles,
  gainRule,
  intervalInWords,
  NONE,
  nameOf,
  percent,
  percentEstimate,
  pointsDifference,
  pValue,
  signed,
} from './format.js'
import { columnKeys } from './outcome.js'
import { publishedTable } from './published.js'

interface Section {
  title: string
  header: readonly string[]
  rows: readonly (readonly string[])[]
}

/** Plain text, columns aligned, at most about 110 wide. */
export function comparisonTable(comparison: Comparison): string {
  const parts = sectionsOf(comparison).map(({ title, header, rows }) => `${title}\n${aligned([header, ...rows])}`)
  return [headline(comparison), ...parts, closing(comparison).join('\n')].filter(part => part !== '').join('\n\n')
}

export function comparisonMarkdown(comparison: Comparison): string {
  const parts = sectionsOf(comparison).map(({ title, header, rows }) => {
    const line = (cells: readonly string[]) => `| ${cells.map(plainMarkdown).join(' | ')} |`
    return [`**${title}**`, '', line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
  })
  const notes = closing(comparison).map(note => `- ${plainMarkdown(note)}`)
  return [`# ${plainMarkdown(headline(comparison))}`, ...parts, notes.join('\n')]
    .filter(part => part !== '')
    .join('\n\n')
    .concat('\n')
}

function headline({ name, baseline, arms }: Comparison): string {
  if (baseline === null) return `${name}: one experiment`
  const seeds = [...new Set(arms.flatMap(arm => arm.seeds))].sort((a, b) => a - b)
  const done = seeds.length === 0 ? 'no seed done' : `${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`
  const baselines = arms.filter(({ role }) => role === 'baseline').map(({ arm }) => arm)
  return `${name}: ${arms.length} arms, ${done}, ${baselines.length > 1 ? 'baselines' : 'baseline'} ${baselines.join(', ')}`
}

function sectionsOf(comparison: Comparison): Section[] {
  return [
    endpointSection(comparison),
    ...claimsSection(comparison),
    columnsSection(comparison, 'expected'),
    columnsSection(comparison, 'greedy'),
    ...[publishedTable(comparison)].filter(section => section !== null),
  ]
}

function endpointSection({ endpointName, baseline, arms }: Comparison): Section {
  const title = `Endpoint, named before the run: ${endpointName} (%)`
  if (baseline === null) {
    return { title, header: ['', 'value'], rows: arms.map(arm => [arm.arm, endpointCell(arm)]) }
  }
  const seeds = [...new Set(arms.flatMap(arm => arm.seeds))].sort((a, b) => a - b)
  return {
    title,
    header: [
      'arm',
      'seeds',
      'mean',
      `minus ${baseline} (points)`,
      'p',
      'p (Holm)',
      ...seeds.map(seed => `seed ${seed}`),
    ],
    rows: arms.map(arm => [
      nameOf(arm),
      String(arm.seeds.length),
      endpointCell(arm),
      arm.endpointDifference === null ? NONE : pointsDifference(arm.endpointDifference),
      pValue(arm.endpointDifference?.p ?? null),
      pValue(arm.endpointDifference?.pHolm ?? null),
      ...seeds.map(seed => {
        const own = arm.perSeed.find(one => one.seed === seed)
        return own === undefined ? NONE : percent(own.endpoint)
      }),
    ]),
  }
}

/** Nothing to claim with a single experiment, or while no arm has a seed in common with the baseline. */
function claimsSection({ arms, baseline }: Comparison): Section[] {
  const rows = arms.flatMap(({ arm, endpointDifference }) => {
    const verdict = endpointDifference?.verdict ?? null
    if (endpointDifference === null || verdict === null) return []
    const { effect, detectable, pSignFlip } = endpointDifference
    return [
      [
        arm,
        effect === null ? NONE : intervalInWords(effect.d, effect.interval),
        effect?.g == null ? NONE : signed(effect.g, 2),
        pValue(pSignFlip),
        detectable === null ? NONE : percent(detectable),
        verdict,
      ],
    ]
  })
  if (rows.length === 0) return []
  const header = ['', 'effect d (95% interval)', 'g', 'p (sign flips)', 'detectable (points)', 'verdict']
  return [{ title: `Claim, for each arm: its endpoint gains on ${baseline}`, header, rows }]
}

function endpointCell({ figures }: ArmComparison): string {
  return figures === null ? NONE : percentEstimate(figures.endpoint)
}

function columnsSection({ arms }: Comparison, decoding: 'expected' | 'greedy'): Section {
  const row = (label: string, columns: ColumnEstimates | undefined) => [
    label,
    ...columnKeys.map(key => (columns === undefined ? NONE : columnEstimate(key, columns[key]))),
  ]
  const shared = sharedBase(arms)
  const first = arms.find(arm => arm.figures !== null)
  const rows = shared
    ? [
        row('before, every arm', first?.figures?.base[decoding]),
        ...arms.map(arm => row(nameOf(arm), arm.figures?.final[decoding])),
      ]
    : arms.flatMap(arm => [
        row(`${nameOf(arm)}, before`, arm.figures?.base[decoding]),
        row(`${nameOf(arm)}, after`, arm.figures?.final[decoding]),
      ])
  const how = decoding === 'expected' ? 'Expected over samples' : 'Greedy'
  return {
    title: `${how}, before and after training (%; length in tokens; density in % a token)`,
    header: ['', ...columnKeys.map(key => columnTitles[key])],
    rows,
  }
}

/** Whether all arms with figures have the same seeds and the same base: then one row says it. */
export function sharedBase(arms: readonly ArmComparison[]): boolean {
  const bases = arms.flatMap(arm => (arm.figures === null ? [] : [JSON.stringify([arm.seeds, arm.figures.base])]))
  return bases.length > 1 && new Set(bases).size === 1
}

function closing(comparison: Comparison): string[] {
  const lacking = comparison.missing.map(({ arm, seed, state, failure }) => {
    const why = failure === undefined ? '' : `: ${failure.split('\n')[0]}`
    return `Left out: ${arm}, seed ${seed}, ${state}${why}`
  })
  return [...lacking, ...comparison.notes, ...aboutClaims(comparison)]
}

function aboutClaims(comparison: Comparison): string[] {
  const { claimRule } = comparison
  if (claimRule === null || claimsSection(comparison).length === 0) return []
  return [
    gainRule(claimRule, 'the 95% interval of its difference'),
    'd is the mean difference over its standard deviation across seeds, g the same without the bias of few seeds; detectable: the difference that so many seeds find four times in five, at p 0.05 without correction.',
  ]
}

/** Lines of a table in plain text: the first column on the left, the others on the right. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows
    .map(row =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .map(line => `  ${line}`)
    .join('\n')
}
