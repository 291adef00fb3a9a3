/** Histograms of the values of the training and the test items (figures 3 and 4 of the paper). */
import * as Plot from '@observablehq/plot'
import { valueStatistics } from '../../values/statistics.js'
import type { ValueStatistics } from '../../values/value.js'
import { type Html, html } from '../html.js'
import type { Material } from '../material.js'
import { percent } from '../tables/format.js'
import { figure } from './figure.js'

/** Of the first seed; other seeds may draw other training items. Null while no values were read. */
export function valuesSection({ done }: Pick<Material, 'done'>): Html | null {
  const outcome = done.find(({ valueStatistics: { n } }) => n > 0)
  if (outcome === undefined) return null
  const { alpha, cap } = outcome.config.reward
  const items = done.find(one => one.seed === outcome.seed && one.items !== undefined)?.items?.items
  const test =
    items === undefined
      ? null
      : valueStatistics(
          items.map(({ value }) => value),
          { alpha, cap },
        )
  return html`<div class="figures-grid">
${valueFigure('values-train', `the training items, seed ${outcome.seed}`, outcome.valueStatistics)}${
  test === null ? null : valueFigure('values-test', 'the test items', test)
}</div>
`
}

function valueFigure(
  name: string,
  whose: string,
  { n, mean, shareClipped, histogram, quantiles }: ValueStatistics,
): Html {
  const summary = `${n} items, mean value ${mean.toFixed(3)}, median ${(quantiles['0.5'] ?? Number.NaN).toFixed(3)}, largest ${(quantiles['1'] ?? Number.NaN).toFixed(3)}; the scale of ${percent(shareClipped)}% is clipped`
  return figure({
    name,
    caption: `Values of ${whose}, v = points / total: ${summary}.`,
    alternative: `Histogram of the values of ${whose}: ${summary}.`,
    plot: {
      x: { label: 'value' },
      y: { label: 'items', grid: true },
      marks: [
        Plot.rectY(histogram, { x1: 'from', x2: 'to', y: 'count', fill: colour, insetLeft: 0.5, insetRight: 0.5 }),
        Plot.ruleY([0]),
      ],
    },
  })
}

const colour = 'var(--arm-1)'
