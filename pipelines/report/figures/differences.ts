/** Differences to the baseline on the endpoint: mean and intervals of each arm, with the single seeds. */
import * as Plot from '@observablehq/plot'
import type { ArmComparison, Comparison } from '../../comparison/comparison.js'
import { minRunsForInterval, shownHalf } from '../../statistics/estimate.js'
import { type Html, html } from '../html.js'
import type { Material } from '../material.js'
import { nameOf, pointsDifference } from '../tables/format.js'
import type { LegendEntry } from './drawing.js'
import { figure } from './figure.js'
import { type ArmMark, colourOf } from './style.js'

/** Pixels of an arm: its name and difference above, its marks below. */
const rowHeight = 58
const labelHeight = 24

export function differenceFigure({ comparison, marks }: Pick<Material, 'comparison' | 'marks'>): Html {
  const { baseline, endpointName } = comparison
  const rows = comparison.arms.flatMap(arm => rowOf(arm, marks))
  if (rows.length === 0) return html``
  const seeds = rows.flatMap(({ name, colour, seeds: own }) => own.map(x => ({ name, colour, x })))
  const overItems = rows.flatMap(({ name, colour, overItems: own }) => (own === null ? [] : [{ name, colour, ...own }]))
  const few = rows.some(row => row.high > row.low)
    ? ''
    : ` Fewer than ${minRunsForInterval} seeds: no interval is shown.`
  return figure({
    name: 'differences',
    title: titleOf(comparison),
    legend: legendOf({ intervals: few === '', overItems: overItems.length > 0 }),
    caption: `Difference to ${baseline} in ${endpointName}, in percentage points, paired by seed. Right of 0 is better.${few}`,
    alternative: `Difference to ${baseline} in ${endpointName}: ${rows.map(({ name, text }) => `${name} ${text} points`).join(', ')}.`,
    plot: {
      height: 54 + rowHeight * rows.length,
      marginLeft: 16,
      marginRight: 16,
      marginTop: 6,
      x: { label: 'points of value-weighted accuracy, higher is better', grid: true, nice: true },
      y: { axis: null, type: 'band', domain: rows.map(row => row.name), padding: 0 },
      color: { type: 'identity' },
      marks: [
        // The line of no difference stops where the names are.
        Plot.tickX(rows, { x: () => 0, y: 'name', stroke: 'currentColor', strokeOpacity: 0.7, insetTop: labelHeight }),
        Plot.ruleY(overItems, { y: 'name', x1: 'low', x2: 'high', stroke: 'colour', strokeWidth: 1.25, dy: 20 }),
        Plot.ruleY(rows, { y: 'name', x1: 'low', x2: 'high', stroke: 'colour', strokeWidth: 3.5, dy: 9 }),
        Plot.dot(seeds, { y: 'name', x: 'x', stroke: 'colour', r: 3.5, strokeOpacity: 0.8, dy: 9 }),
        Plot.dot(rows, { y: 'name', x: 'mean', fill: 'colour', r: 5.5, dy: 9 }),
        Plot.text(rows, {
          y: 'name',
          text: row => `${row.name}: ${row.text}`,
          frameAnchor: 'left',
          textAnchor: 'start',
          dy: -14,
          fill: 'currentColor',
          stroke: 'var(--ground)',
          strokeWidth: 4,
        }),
      ],
    },
  })
}

/** In percentage points; `low` is `high` without an interval. */
function rowOf(arm: ArmComparison, marks: readonly ArmMark[]) {
  const difference = arm.endpointDifference
  if (difference === null) return []
  const { mean, seedsAndItems } = difference
  const half = shownHalf(difference)
  return [
    {
      name: nameOf(arm),
      colour: colourOf(marks.find(mark => mark.name === arm.arm)?.index ?? 0),
      text: pointsDifference(difference),
      mean: 100 * mean,
      low: 100 * (mean - (half ?? 0)),
      high: 100 * (mean + (half ?? 0)),
      overItems:
        seedsAndItems === null || half === null
          ? null
          : { low: 100 * seedsAndItems.low, high: 100 * seedsAndItems.high },
      seeds: arm.perSeed.flatMap(({ difference: single }) => (single === null ? [] : [100 * single])),
    },
  ]
}

function titleOf({ endpointName, baseline }: Comparison): string {
  const [measure = endpointName] = endpointName.split(',')
  return `Gain in ${measure} over ${baseline}`
}

function legendOf({ intervals, overItems }: { intervals: boolean; overItems: boolean }): LegendEntry[] {
  const colour = 'currentColor'
  return [
    { label: 'mean over the seeds', symbol: 'dot', colour },
    { label: 'one seed', symbol: 'ring', colour },
    ...(intervals
      ? [{ label: '95% interval over seeds', symbol: 'line', colour, width: 3.5 } satisfies LegendEntry]
      : []),
    ...(overItems
      ? [{ label: '95% interval over seeds and test items', symbol: 'line', colour, width: 1.25 } satisfies LegendEntry]
      : []),
  ]
}
