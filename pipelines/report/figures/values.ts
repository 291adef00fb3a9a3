/** Histograms of the values of the training and the test items (figures 3 and 4 of the paper). */
import * as Plot from '@observablehq/plot'
import type { TestItem } from '../../evaluation/item-results.js'
import { percent } from '../../text/percent.js'
import type { ValueStatistics } from '../../values/value.js'
import { type Html, html } from '../html.js'
import type { Material } from '../material.js'
import { figure } from './figure.js'

/** Shares in [0, 1] of the items between two values. */
interface Histogram {
  items: number
  mean: number
  largest: number
  shareClipped: number
  bins: readonly { from: number; to: number; share: number }[]
}

/**
 * Of the first seed; other seeds may draw other training items. Test items count by their weight, as in Acc, so that both histograms
 * show the same exam. Null if no experiment has made its values.
 */
export function valuesSection({ done }: Pick<Material, 'done'>): Html | null {
  const outcome = done.find(one => one.valueStatistics !== null)
  if (outcome === undefined || outcome.valueStatistics === null) return null
  const train = ofTraining(outcome.valueStatistics)
  const items = done.find(one => one.seed === outcome.seed && one.items !== undefined)?.items?.items
  return html`<div class="figures-grid">
${valueFigure('values-train', `training items, seed ${outcome.seed}`, train)}${
  items === undefined
    ? null
    : valueFigure('values-test', 'test items, by weight', ofTest(items, train, outcome.config.reward))
}</div>
`
}

function ofTraining({ n, mean, shareClipped, histogram, quantiles }: ValueStatistics): Histogram {
  return {
    items: n,
    mean,
    largest: quantiles['1'] ?? Number.NaN,
    shareClipped,
    bins: histogram.map(({ from, to, count }) => ({ from, to, share: count / n })),
  }
}

/** In the bins of the training items, the last of which also takes larger values. */
function ofTest(
  items: readonly TestItem[],
  { bins }: Pick<Histogram, 'bins'>,
  { alpha, cap }: { alpha: number; cap: number },
): Histogram {
  const total = items.reduce((sum, { weight }) => sum + weight, 0)
  const share = (holds: (value: number) => boolean) =>
    items.reduce((sum, { value, weight }) => sum + (holds(value) ? weight : 0), 0) / total
  const last = bins.length - 1
  // As in the training histogram, a value on an edge must not fall below it by a rounding.
  const binOf = (value: number) => {
    const bin = bins.findIndex(({ to }) => value < to - 1e-9 * to)
    return bin === -1 ? last : bin
  }
  return {
    items: items.length,
    mean: items.reduce((sum, { value, weight }) => sum + value * weight, 0) / total,
    largest: Math.max(...items.map(({ value }) => value)),
    shareClipped: share(value => alpha * value > cap),
    bins: bins.map(({ from, to }, bin) => ({ from, to, share: share(value => binOf(value) === bin) })),
  }
}

function valueFigure(name: string, which: string, { items, mean, largest, shareClipped, bins }: Histogram): Html {
  const summary = `${items} items, mean value ${mean.toFixed(3)}, largest ${largest.toFixed(3)}; the scale is clipped for ${percent(shareClipped)}%`
  return figure({
    name,
    title: `Values of the ${which}`,
    caption: `Values v = points / total of the ${which}: ${summary}.`,
    alternative: `Histogram of the values of the ${which}: ${summary}.`,
    plot: {
      x: { label: 'value' },
      y: { label: '% of the items', grid: true, nice: true },
      marks: [
        Plot.rectY(
          bins.map(({ share, ...bin }) => ({ ...bin, percent: 100 * share })),
          {
            x1: 'from',
            x2: 'to',
            y: 'percent',
            fill: 'currentColor',
            fillOpacity: 0.6,
            insetLeft: 0.5,
            insetRight: 0.5,
          },
        ),
        Plot.ruleY([0]),
      ],
    },
  })
}
