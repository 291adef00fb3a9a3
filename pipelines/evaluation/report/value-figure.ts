/** The histogram of the values of the training items (figures 3 and 4 of the paper). */
import * as Plot from '@observablehq/plot'
import type { ValueStatistics } from '../../values/value.js'
import { percent } from '../format.js'
import { figure } from './figure.js'
import { type Html, html } from './html.js'

export function valueFigure({ n, mean, shareClipped, histogram, quantiles }: ValueStatistics): Html {
  if (n === 0) return html`<p class="faint">No values were read.</p>`
  const summary = `${n} items, mean value ${mean.toFixed(3)}, median ${(quantiles['0.5'] ?? Number.NaN).toFixed(3)}, largest ${(quantiles['1'] ?? Number.NaN).toFixed(3)}; the scale of ${percent(shareClipped)}% is clipped.`
  return figure({
    caption: `Values of the training items, v = points / total: ${summary}`,
    alternative: `Histogram of values. ${summary}`,
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
