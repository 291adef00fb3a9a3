/** Results as tables of text, for the eye or in Markdown. */
import type { CandidateName } from './candidates.js'
import { comparisonsOf, medianSeconds, medianSpeed, peakOf, sharesOf } from './comparisons.js'
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

export function tablesOf(result: SizeResult): Table[] {
  return [speeds(result), ratios(result), firstCalls(result), peaks(result), shares(result)].filter(
    ({ rows }) => rows.length > 0,
  )
}

export function titleOf(size: Size): string {
  const { name, width, layers, vocabulary, promptTokens, completionTokens } = size
  const parameters = `${(parametersOf(size) / 1e6).toPrecision(2)} M parameters`
  const batch = `${rowsOf(size)} responses (${size.prompts} x ${size.samples}) of ${completionTokens} tokens to prompts of ${promptTokens}`
  return `${name}: ${parameters} (width ${width}, ${layers} layers, vocabulary ${vocabulary}); ${batch}`
}

function speeds({ size, measured }: SizeResult): Table {
  const names = candidateNames(measured)
  const shown = (own: Measured | undefined) => {
    if (own === undefined) return ''
    return own.measure === 'step' ? medianSeconds(own).toFixed(3) : thousands(medianSpeed(own))
  }
  return { title: `${size.name}, medians`, head: ['', ...names], rows: rowsBy(measured, names, shown) }
}

function firstCalls({ size, measured }: SizeResult): Table {
  const names = candidateNames(measured)
  const shown = (own: Measured | undefined) => own?.firstCall?.toFixed(2) ?? ''
  return { title: `${size.name}, first call (s)`, head: ['', ...names], rows: rowsBy(measured, names, shown) }
}

function ratios(result: SizeResult): Table {
  const comparisons = comparisonsOf(result)
  const pairs = [...new Set(comparisons.map(({ candidate, against }) => `${candidate} / ${against}`))]
  const rows = timed.flatMap(measure => {
    const own = comparisons.filter(one => one.measure === measure)
    if (own.length === 0) return []
    const cells = pairs.map(pair => own.find(({ candidate, against }) => `${candidate} / ${against}` === pair))
    return [[measure, ...cells.map(cell => (cell === undefined ? '' : shownRatio(cell.ratio)))]]
  })
  return { title: `${result.size.name}, times as fast, median over rounds (least to most)`, head: ['', ...pairs], rows }
}

function peaks({ size, measured }: SizeResult): Table {
  const rows = measured
    .filter(({ measure }) => measure === 'peak')
    .map(own => [own.candidate === 'PyTorch' ? 'PyTorch' : 'TensorFlow', ...[...peakOf(own).values()].map(rounded)])
  const sides = [...(measured.map(peakOf).find(({ size: count }) => count > 0) ?? new Map<string, number>()).keys()]
  return {
    title: `${size.name}, float32 matrix products (GFLOP/s)`,
    head: ['', ...sides.map(side => `${side} x ${side}`)],
    rows,
  }
}

function shares(result: SizeResult): Table {
  return {
    title: `${result.size.name}, what an update reaches of the matrix peak`,
    head: ['', 'GFLOP/s', 'peak', 'share'],
    rows: sharesOf(result).map(({ candidate, reached, peak }) => [
      candidate,
      rounded(reached),
      rounded(peak),
      `${((100 * reached) / peak).toFixed(0)}%`,
    ]),
  }
}

function candidateNames(measured: readonly Measured[]): CandidateName[] {
  return [...new Set(measured.filter(({ measure }) => measure !== 'peak').map(({ candidate }) => candidate))]
}

function rowsBy(
  measured: readonly Measured[],
  names: readonly CandidateName[],
  shown: (own: Measured | undefined) => string,
): string[][] {
  return timed
    .filter(measure => measured.some(own => own.measure === measure))
    .map(measure => [
      titles[measure],
      ...names.map(name => shown(measured.find(own => own.candidate === name && own.measure === measure))),
    ])
}

const rounded = (number: number): string => number.toFixed(0)
const thousands = (number: number): string => rounded(number).replace(/\B(?=(\d{3})+$)/g, ',')
const shownRatio = ({ median, least, most }: Ratio): string =>
  `${median.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`

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
