/** Differences to the baseline on the endpoint: mean and intervals of each arm, with the single seeds. */
import * as Plot from '@observablehq/plot'
import { type Html, html } from '../html.js'
import type { Material } from '../material.js'
import { nameOf, pointsDifference } from '../tables/format.js'
import { figure } from './figure.js'
import { colourOf } from './style.js'

export function differenceFigure({ comparison, marks }: Pick<Material, 'comparison' | 'marks'>): Html {
  const rows = comparison.arms.flatMap(arm => {
    const difference = arm.endpointDifference
    if (difference === null) return []
    const { mean, half, seedsAndItems } = difference
    return [
      {
        name: nameOf(arm),
        colour: colourOf(marks.find(mark => mark.name === arm.arm)?.index ?? 0),
        text: pointsDifference(difference),
        mean: 100 * mean,
        low: 100 * (mean - (half ?? 0)),
        high: 100 * (mean + (half ?? 0)),
        both: seedsAndItems === null ? null : { low: 100 * seedsAndItems.low, high: 100 * seedsAndItems.high },
        seeds: arm.perSeed.flatMap(({ difference: single }) => (single === null ? [] : [100 * single])),
      },
    ]
  })
  if (rows.length === 0) return html``
  const dots = rows.flatMap(({ name, colour, seeds }) => seeds.map(x => ({ name, colour, x })))
  const both = rows.flatMap(({ name, colour, both }) => (both === null ? [] : [{ name, colour, ...both }]))
  const interval = rows.some(row => row.high > row.low)
    ? ` Thick bar: 95% interval over seeds${both.length > 0 ? '; thin bar below it: over seeds and items' : ''}.`
    : ' One seed: no interval can be given.'
  return figure({
    name: 'differences',
    caption: `Difference to ${comparison.baseline} in ${comparison.endpointName}, in points, paired by seed. Open circles: single seeds.${interval}`,
    alternative: `Difference to ${comparison.baseline} in ${comparison.endpointName}: ${rows.map(({ name, text }) => `${name} ${text} points`).join(', ')}.`,
    plot: {
      height: 74 + 58 * rows.length,
      marginLeft: 16,
      marginRight: 16,
      x: { label: `points over ${comparison.baseline}`, grid: true, nice: true },
      y: { axis: null, domain: rows.map(row => row.name) },
      color: { type: 'identity' },
      marks: [
        Plot.ruleX([0], { stroke: 'currentColor', strokeOpacity: 0.7 }),
        Plot.ruleY(both, { y: 'name', x1: 'low', x2: 'high', stroke: 'colour', strokeWidth: 1.25, dy: 10 }),
        Plot.ruleY(rows, { y: 'name', x1: 'low', x2: 'high', stroke: 'colour', strokeWidth: 3.5 }),
        Plot.dot(dots, { y: 'name', x: 'x', stroke: 'colour', r: 3.5, strokeOpacity: 0.8 }),
        Plot.dot(rows, { y: 'name', x: 'mean', fill: 'colour', r: 5.5 }),
        Plot.text(rows, {
          y: 'name',
          text: row => `${row.name}: ${row.text}`,
          frameAnchor: 'left',
          textAnchor: 'start',
          dy: -18,
          fill: 'currentColor',
          stroke: 'var(--ground)',
          strokeWidth: 4,
        }),
      ],
    },
  })
}
