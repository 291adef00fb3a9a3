/** Results as tables, in plain text or Markdown. */
import { type CandidateName, precisionOf } from './candidates/candidates.js'
import type { Measure } from './candidates/protocol.js'
import { type Comparison, comparisonsOf, medianSeconds, medianSpeed, peaksOf, sharesOf } from './comparisons.js'
import type { Measured, SizeResult } from './measured.js'
import { type Batch, parametersOf, type Size } from './sizes.js'
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
    memory(results),
    peaks(results),
    shares(results),
  ].filter(({ rows }) => rows.length > 0)
}

export function titleOf(size: Size): string {
  const { name, width, layers, vocabulary } = size
  const parameters = `${(parametersOf(size) / 1e6).toPrecision(2)} M parameters`
  const step = size.step === undefined ? '' : `; a whole step of ${batchText(size.step)}`
  return `${name}: ${parameters} (width ${width}, ${layers} layers, vocabulary ${vocabulary}); ${batchText(size)}${step}`
}

const batchText = ({ prompts, samples, promptTokens, completionTokens }: Batch): string =>
  `${prompts * samples} responses (${prompts} x ${samples}) of ${completionTokens} tokens to prompts of ${promptTokens}`

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
  const columnOf = ({ candidate, against }: Comparison) => `${candidate} / ${against.replace(/^(PyTorch|TRL)/, 'peer')}`
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

/** Of sizes whose candidates have separate processes, and so separate peaks. */
function memory(results: readonly SizeResult[]): Table {
  const all = results.flatMap(({ size, measured }) =>
    measured.filter(({ peakBytes }) => peakBytes !== null).map(own => ({ size, ...own })),
  )
  const names = [...new Set(all.map(({ candidate }) => candidate))].filter(name => name !== 'TensorFlow')
  const rows = [...new Set(all.map(({ size }) => size))].flatMap(size =>
    [
      { title: 'sampling and update', peer: 'PyTorch' as const, measures: ['generate', 'unequal', 'update'] },
      { title: 'whole step', peer: 'TRL' as const, measures: ['step'] },
    ].flatMap(({ title, peer, measures }) => {
      const bytesOf = (name: CandidateName): number | undefined => {
        const own = all.filter(one => one.size === size && one.candidate === name && measures.includes(one.measure))
        return own.length === 0 ? undefined : Math.max(...own.map(({ peakBytes }) => peakBytes ?? 0))
      }
      if (names.every(name => bytesOf(name) === undefined)) return []
      const peers = bytesOf(peer)
      const cells = names.map(name => {
        const bytes = bytesOf(name)
        if (bytes === undefined) return ''
        const share = peers === undefined || name === peer ? '' : ` (${(bytes / peers).toFixed(2)} of ${peer})`
        return `${(bytes / 2 ** 30).toFixed(1)}${share}`
      })
      return [[`${size.name}: ${title}`, ...cells]]
    }),
  )
  return { title: 'peak memory of the process (GiB)', head: ['', ...names], rows }
}

function peaks(results: readonly SizeResult[]): Table {
  const libraries = new Map<CandidateName, Measured>()
  for (const own of results.flatMap(({ measured }) => measured)) {
    if (own.measure !== 'peak') continue
    const there = libraries.get(own.candidate)
    libraries.set(own.candidate, { ...own, rounds: [...(there?.rounds ?? []), ...own.rounds] })
  }
  const speeds = [...libraries].map(([library, own]) => ({ library, ...peaksOf(own) }))
  const sides = Object.keys(speeds[0]?.float32 ?? {})
  const precisions = ['float32', 'bfloat16'] as const
  return {
    title: 'products of square matrices (GFLOP/s), and reading from memory (GB/s)',
    head: ['', ...precisions.flatMap(precision => sides.map(side => `${precision}, ${side}`)), 'memory'],
    rows: speeds.map(({ library, memory, ...own }) => [
      library,
      ...precisions.flatMap(precision => sides.map(side => rounded(own[precision][side] ?? Number.NaN))),
      rounded(memory),
    ]),
  }
}

function shares(results: readonly SizeResult[]): Table {
  const found = results.map(result => ({ name: result.size.name, shares: sharesOf(result) }))
  const names = [...new Set(found.flatMap(({ shares }) => shares.map(({ candidate }) => candidate)))]
  return {
    title: 'share of the limit: the least seconds by the fastest products and the memory of this run, over those taken',
    head: ['', 'limit in float32, s', 'decided by', ...names],
    rows: found.flatMap(({ name, shares }) =>
      timed.flatMap(measure => {
        const own = shares.filter(share => share.measure === measure)
        const plain = own.find(({ candidate }) => precisionOf(candidate) === 'float32') ?? own[0]
        if (plain === undefined) return []
        const cells = names.map(candidate => own.find(share => share.candidate === candidate)?.share)
        const shown = cells.map(share => (share === undefined ? '' : `${(100 * share).toFixed(0)}%`))
        return [[`${name}: ${measure}`, plain.limit.seconds.toPrecision(2), plain.limit.by, ...shown]]
      }),
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
