/** Differences to the baseline on the endpoint: mean and interval of each arm, with the single seeds beside it. */
import * as Plot from '@observablehq/plot'
import type { Comparison } from '../comparison.js'
import { nameOf, pointsDifference } from '../format.js'
import { type ArmMark, figure } from './figure.js'
import { type Html, html } from './html.js'
import { colourOf } from './style.js'

export function differenceFigure(comparison: Comparison, marks: readonly ArmMark[]): Html {
  const rows = comparison.arms.flatMap(arm => {
    const difference = arm.endpointDifference
    if (difference === null) return []
    const { mean, half } = difference
    return [
      {
        name: nameOf(arm),
        colour: colourOf(marks.find(mark => mark.name === arm.arm)?.index ?? 0),
        text: pointsDifference(difference),
        mean: 100 * mean,
        low: 100 * (mean - (half ?? 0)),
        high: 100 * (mean + (half ?? 0)),
        seeds: arm.perSeed.flatMap(({ difference: single }) => (single === null ? [] : [100 * single])),
      },
    ]
  })
  if (rows.length === 0) return html``
  const dots = rows.flatMap(({ name, colour, seeds }) => seeds.map(x => ({ name, colour, x })))
  const intervals = rows.some(row => row.high > row.low)
  return figure({
    caption: `Difference to ${comparison.baseline} in ${comparison.endpointName}, in points, paired by seed. Open circles: single seeds.${intervals ? ' Bar: 95% interval.' : ' One seed: no interval can be given.'}`,
    alternative: `Difference to ${comparison.baseline} in ${comparison.endpointName}: ${rows.map(({ name, text }) => `${name} ${text} points`).join(', ')}.`,
    plot: {
      width: 720,
      height: 74 + 44 * rows.length,
      marginLeft: 160,
      marginRight: 24,
      x: { label: `points of ${comparison.endpointName} over ${comparison.baseline}`, grid: true, nice: true },
      y: { label: null, domain: rows.map(row => row.name), tickSize: 0 },
      marks: [
        Plot.ruleX([0], { stroke: 'currentColor', strokeOpacity: 0.7 }),
        Plot.ruleY(rows, { y: 'name', x1: 'low', x2: 'high', stroke: 'colour', strokeWidth: 3 }),
        Plot.dot(dots, { y: 'name', x: 'x', stroke: 'colour', r: 3.5, strokeOpacity: 0.8 }),
        Plot.dot(rows, { y: 'name', x: 'mean', fill: 'colour', r: 5.5 }),
        Plot.text(rows, { y: 'name', x: 'mean', text: 'text', dy: -14, fill: 'currentColor' }),
      ],
      color: { type: 'identity' },
    },
  })
}
