/** Accuracy and length by section, before and after training: figures and tables. */
import * as Plot from '@observablehq/plot'
import type { Comparison, SectionComparison } from '../../comparison/comparison.js'
import { figure } from '../figures/figure.js'
import { armSymbols } from '../figures/legend.js'
import { type ArmMark, colourOf } from '../figures/style.js'
import { type Html, html, table } from '../html.js'
import type { Material } from '../material.js'
import { columnCell, differenceCell, numberCell, percentCell, pointsCell } from '../tables/cells.js'
import { kindOf, nameOf } from '../tables/format.js'
import type { Cell } from '../tables/table.js'

/** Null while nothing was evaluated. */
export function sectionsSection({ comparison, marks }: Pick<Material, 'comparison' | 'marks'>): Html | null {
  if (comparison.arms.every(({ figures }) => figures === null)) return null
  const { decoding, Decoding } = decodingOf(comparison)
  return html`<div class="figures-grid">
${sectionFigure({
  comparison,
  marks,
  name: 'sections-acc',
  title: `${Decoding} accuracy by section`,
  label: `${decoding} Acc (%)`,
  read: (section, when) => 100 * section[when][decoding].acc.mean,
})}${sectionFigure({
  comparison,
  marks,
  name: 'sections-length',
  title: `${Decoding} response length by section`,
  label: 'length (tokens)',
  read: (section, when) => section[when][decoding].length.mean,
})}</div>
${sectionTables(comparison)}`
}

function sectionFigure({
  comparison,
  marks,
  name,
  title,
  label,
  read,
}: {
  comparison: Comparison
  marks: readonly ArmMark[]
  name: string
  title: string
  label: string
  read: (section: SectionComparison, when: 'base' | 'final') => number
}): Html {
  const rows = comparison.arms.flatMap(arm =>
    (arm.figures?.sections ?? []).map(section => ({
      arm: arm.arm,
      section: section.section,
      colour: colourOf(marks.find(mark => mark.name === arm.arm)?.index ?? 0),
      base: read(section, 'base'),
      final: read(section, 'final'),
    })),
  )
  const words = rows.map(row => `${row.arm}, ${row.section}: ${row.base.toFixed(1)} to ${row.final.toFixed(1)}`)
  return figure({
    name,
    legend: [...armSymbols(marks, 'dot'), { label: 'before training', symbol: 'ring', colour: 'currentColor' }],
    caption: `${title}, sections in order of value. Open circle: before training, full circle: after.`,
    alternative: `${title}, before to after: ${words.join('; ')}.`,
    plot: {
      fx: { label: null, domain: sectionsByValue(comparison).map(section => section.section) },
      x: { axis: null, domain: marks.map(mark => mark.name), padding: 0.6 },
      y: { label, grid: true, zero: true, nice: true },
      color: { type: 'identity' },
      marks: [
        Plot.ruleX(rows, { fx: 'section', x: 'arm', y1: 'base', y2: 'final', stroke: 'colour', strokeWidth: 1.6 }),
        Plot.dot(rows, { fx: 'section', x: 'arm', y: 'base', stroke: 'colour', r: 3.5 }),
        Plot.dot(rows, { fx: 'section', x: 'arm', y: 'final', fill: 'colour', r: 4.5 }),
      ],
    },
  })
}

/** Without samples there are greedy figures only. */
function decodingOf({ sampled }: Pick<Comparison, 'sampled'>) {
  return sampled
    ? ({ decoding: 'expected', Decoding: 'Expected' } as const)
    : ({ decoding: 'greedy', Decoding: 'Greedy' } as const)
}

function sectionsByValue({ arms }: Comparison): SectionComparison[] {
  const sections = arms.find(arm => arm.figures !== null)?.figures?.sections ?? []
  return sections.toSorted((a, b) => a.value - b.value)
}

type Columns = readonly [title: string, cell: (section: SectionComparison, decoding: 'expected' | 'greedy') => Cell][]

const accuracies: Columns = [
  ['Acc before', ({ base }, decoding) => percentCell(base[decoding].acc)],
  ['Acc after', ({ final }, decoding) => percentCell(final[decoding].acc)],
  ['Acc minus baseline', ({ difference }) => pointsCell(difference?.acc)],
  ['H-Acc before', ({ base }, decoding) => percentCell(base[decoding].hAcc)],
  ['H-Acc after', ({ final }, decoding) => percentCell(final[decoding].hAcc)],
  ['H-Acc minus baseline', ({ difference }) => pointsCell(difference?.hAcc)],
]

const lengths: Columns = [
  ['length before', ({ base }, decoding) => columnCell('length', base[decoding].length)],
  ['length after', ({ final }, decoding) => columnCell('length', final[decoding].length)],
  ['length minus baseline', ({ difference }) => differenceCell(difference?.length)],
]

function sectionTables(comparison: Comparison): Html {
  const { decoding, Decoding } = decodingOf(comparison)
  const differences =
    comparison.baseline === null
      ? ''
      : `. Differences are to ${comparison.baseline}, paired by seed, mean over the curve`
  const tableOf = (name: string, what: string, columns: Columns) =>
    table({
      name,
      title: `${Decoding} ${what} by section${differences}`,
      header: ['section, arm', 'value', ...columns.map(([title]) => title)],
      rows: sectionsByValue(comparison).flatMap(({ section, value }) =>
        comparison.arms.flatMap(arm => {
          const own = arm.figures?.sections.find(one => one.section === section)
          if (own === undefined) return []
          const cells = columns.map(([, cell]) => cell(own, decoding))
          const heading = [`${section}, ${nameOf(arm)}`, numberCell(value.toFixed(3), value)]
          return [{ cells: [...heading, ...cells], kind: kindOf(arm) }]
        }),
      ),
    })
  return html`${tableOf('sections', 'Acc and H-Acc (%)', accuracies)}
${tableOf('sections-lengths', 'length (tokens)', lengths)}`
}
