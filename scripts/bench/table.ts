/** Results as tables, in plain text or Markdown. */
import { type Comparison, comparisonsOf, medianSeconds, medianSpeed, peakOf, sharesOf } from './comparisons.js'
import type { Measure } from './protocol.js'
import type { Measured, SizeResult } from './rounds.js'
import { parametersOf, rowsOf, type Size } from './sizes.js'
import type { Ratio } from './statistics.js'

export interface Table {
  title: string
  head: readonly string[]
  rows: readonly (readonly string[])[]
}

const titles: Record<Exclude<Measure, 'peak'>, string> = {
  generate: 'sampled tokens/s, one length',
  unequal: 'sampled tokens/s, unequal lengths',
  update: 'update, tokens/s',
  step: 'whole step, s',
}
const timed = ['generate', 'unequal', 'update', 'step'] as const

/** One table of each kind over all sizes. Empty tables are left out. */
export function tablesOf(results: readonly SizeResult[]): Table[] {
  return [
    byCandidate({ results, title: 'medians', shown: medianShown }),
    ratios(results),
    byCandidate({
      results,
      title: 'first call of the process (s)',
      shown: ({ firstCall }) => firstCall?.toFixed(2) ?? '',
    }),
    peaks(results),
    shares(results),
  ].filter(({ rows }) => rows.length > 0)
}

export function titleOf(size: Size): string {
  const { name, width, layers, vocabulary, promptTokens, completionTokens } = size
  const parameters = `${(parametersOf(size) / 1e6).toPrecision(2)} M parameters`
  const batch = `${rowsOf(size)} responses (${size.prompts} x ${size.samples}) of ${completionTokens} tokens to prompts of ${promptTokens}`
  return `${name}: ${parameters} (width ${width}, ${layers} layers, vocabulary ${vocabulary}); ${batch}`
}

const medianShown = (own: Measured): string =>
  own.measure === 'step' ? medianSeconds(own).toFixed(3) : thousands(medianSpeed(own))

function byCandidate({
  results,
  title,
  shown,
}: {
  results: readonly SizeResult[]
  title: string
  shown: (own: Measured) => string
}): Table {
  const all = results.flatMap(({ measured }) => measured.filter(({ measure }) => measure !== 'peak'))
  const names = [...new Set(all.map(({ candidate }) => candidate))]
  const rows = results.flatMap(({ size, measured }) =>
    timed
      .filter(measure => measured.some(own => own.measure === measure))
      .map(measure => {
        const cells = names.map(name => measured.find(own => own.candidate === name && own.measure === measure))
        return [`${size.name}: ${titles[measure]}`, ...cells.map(own => (own === undefined ? '' : shown(own)))]
      }),
  )
  return { title, head: ['', ...names], rows }
}

/** One column for both peers: TRL for a whole step, PyTorch for everything else. */
function ratios(results: readonly SizeResult[]): Table {
  const columnOf = ({ candidate, against }: Comparison) =>
    `${candidate} / ${against === 'PyTorch' || against === 'TRL' ? 'peer' : against}`
  const compared = results.map(result => ({ name: result.size.name, comparisons: comparisonsOf(result) }))
  const columns = [...new Set(compared.flatMap(({ comparisons }) => comparisons.map(columnOf)))]
  const rows = compared.flatMap(({ name, comparisons }) =>
    timed
      .filter(measure => comparisons.some(one => one.measure === measure))
      .map(measure => {
        const own = comparisons.filter(one => one.measure === measure)
        const cells = columns.map(column => own.find(one => columnOf(one) === column))
        return [`${name}: ${measure}`, ...cells.map(cell => (cell === undefined ? '' : shownRatio(cell.ratio)))]
      }),
  )
  return { title: 'times as fast, median over the rounds (min to max)', head: ['', ...columns], rows }
}

function peaks(results: readonly SizeResult[]): Table {
  const measured = results.flatMap(result => result.measured.filter(({ measure }) => measure === 'peak'))
  const libraries = new Map<string, Measured>()
  for (const own of measured) {
    const library = own.candidate === 'PyTorch' ? 'PyTorch' : 'TensorFlow'
    const there = libraries.get(library)
    libraries.set(library, { ...own, rounds: [...(there?.rounds ?? []), ...own.rounds] })
  }
  const speeds = [...libraries].map(([library, own]) => ({ library, peak: peakOf(own) }))
  const sides = [...(speeds[0]?.peak.keys() ?? [])]
  return {
    title: 'float32 matrix products (GFLOP/s)',
    head: ['', ...sides.map(side => `${side} x ${side}`)],
    rows: speeds.map(({ library, peak }) => [library, ...sides.map(side => rounded(peak.get(side) ?? Number.NaN))]),
  }
}

function shares(results: readonly SizeResult[]): Table {
  return {
    title: 'what an update reaches of the matrix peak',
    head: ['', 'GFLOP/s', 'peak', 'share'],
    rows: results.flatMap(result =>
      sharesOf(result).map(({ candidate, reached, peak }) => [
        `${result.size.name}: ${candidate}`,
        rounded(reached),
        rounded(peak),
        `${((100 * reached) / peak).toFixed(0)}%`,
      ]),
    ),
  }
}

const rounded = (number: number): string => number.toFixed(0)
const thousands = (number: number): string => rounded(number).replace(/\B(?=(\d{3})+$)/g, ',')
const shownRatio = ({ median, min, max }: Ratio): string =>
  `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`

export function textOf({ title, head, rows }: Table): string {
  const lines = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...lines.map(line => (line[column] ?? '').length)))
  const shown = (line: readonly string[]) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return [title, ...lines.map(line => `  ${shown(line)}`)].join('\n')
}

export function markdownOf({ title, head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    `${title}:`,
    '',
    line(head),
    line(head.map((_, column) => (column === 0 ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n')
}
