/** Items that an arm gained and lost against its baseline, with both responses: markup in them shows as text. */
import * as Plot from '@observablehq/plot'
import { type Flip, type Flips, flipsOf } from '../../comparison/flips.js'
import { shortened } from '../../printable.js'
import { figure } from '../figures/figure.js'
import { armSymbols } from '../figures/legend.js'
import { colourOf } from '../figures/style.js'
import { type Html, html, table } from '../html.js'
import type { Material } from '../material.js'
import { numberCell, shareCell, signedCell } from '../tables/cells.js'
import type { Cell, Row } from '../tables/table.js'

/** A sum of credits, at most two decimals. */
const rounded = (credits: number): string => String(Number(credits.toFixed(2)))

const maxItemsNamed = 10
const maxCharacters = 1500

/** Null without a baseline, or where the single items are not known. */
export function flipsSection({
  comparison,
  done,
  marks,
}: Pick<Material, 'comparison' | 'done' | 'marks'>): Html | null {
  const found = comparison.arms.flatMap(({ arm, against }) => {
    const flips = against === null ? null : flipsOf({ arm, against, outcomes: done, most: maxItemsNamed })
    return flips === null ? [] : [flips]
  })
  if (found.length === 0) return null
  const shown = marks.filter(({ name }) => found.some(({ arm }) => arm === name))
  return html`${flipFigure(found, shown)}
${summary(found)}
<p class="faint">Each seed of an arm is compared with the same seed of its baseline. Two policies that differ by chance alone flip items too; the row of a placebo shows how many.</p>
${found.map(items)}`
}

function flipFigure(found: readonly Flips[], marks: Material['marks']): Html {
  const bars = found.flatMap(({ arm, sections }) => {
    const fill = colourOf(marks.find(({ name }) => name === arm)?.index ?? 0)
    return sections.map(({ section, items, gained, lost }) => ({
      arm,
      section,
      fill,
      gained: (100 * gained) / items,
      lost: (-100 * lost) / items,
    }))
  })
  const words = bars.map(
    ({ arm, section, gained, lost }) =>
      `${arm}, ${section}: ${gained.toFixed(1)} gained and ${(-lost).toFixed(1)} lost`,
  )
  const sections = found[0]?.sections.map(({ section }) => section) ?? []
  return figure({
    name: 'flips',
    title: 'Items gained (up) and lost (down)',
    legend: armSymbols(marks, 'area'),
    caption:
      'Items gained (up, full colour) and lost (down, pale) against the baseline, in percent of the items of a section, sections in order of value. Greedy, at the end of training, mean over seeds.',
    alternative: `Items gained and lost against the baseline in percent of the section: ${words.join('; ')}.`,
    plot: {
      fx: { label: null, domain: sections },
      x: { axis: null, domain: marks.map(({ name }) => name), padding: 0.15 },
      y: { label: '% of the items', grid: true, nice: true },
      color: { type: 'identity' },
      marks: [
        Plot.barY(bars, { fx: 'section', x: 'arm', y: 'gained', fill: 'fill' }),
        Plot.barY(bars, { fx: 'section', x: 'arm', y: 'lost', fill: 'fill', fillOpacity: 0.45 }),
        Plot.ruleY([0], { stroke: 'currentColor' }),
      ],
    },
  })
}

function summary(found: readonly Flips[]): Html {
  return table({
    name: 'flips',
    title: 'Items flipped, mean over seeds, and their value in points of greedy H-Acc',
    header: ['arm', 'against', 'seeds', 'gained', 'lost', 'value gained', 'value lost', 'H-Acc'],
    rows: found.map(({ arm, against, seeds, gained, lost }) => ({
      cells: [
        arm,
        against,
        String(seeds.length),
        numberCell(gained.items.toFixed(1), gained.items),
        numberCell(lost.items.toFixed(1), lost.items),
        shareCell(gained.value),
        shareCell(lost.value),
        signedCell(100 * (gained.value - lost.value), 1),
      ],
    })),
  })
}

function items({ arm, against, seeds, byCredit, mostGained, mostLost }: Flips): Html {
  const text = (content: string): Cell => ({ text: shortened(content, maxCharacters), as: 'verbatim' })
  const row = ({ item, own, other, example }: Flip): Row => ({
    cells: [
      item.section,
      numberCell(item.value.toFixed(3), item.value),
      numberCell(`${rounded(own)} of ${seeds.length}`, own),
      numberCell(`${rounded(other)} of ${seeds.length}`, other),
      text(item.prompt),
      text(item.answer),
      text(example.own),
      text(example.other),
    ],
  })
  const counted = byCredit ? 'credit over seeds' : 'seeds correct'
  const shown = (side: 'gained' | 'lost', flips: readonly Flip[]) =>
    flips.length === 0
      ? html`<p class="faint">${arm}: no item is ${side} in more seeds than the other way round.</p>`
      : table({
          name: `flips-${side}-${arm}`,
          title: `${arm}: items ${side}, those of the most seeds first, then of the highest value; responses of the first seed in which they differ`,
          header: [
            'section',
            'value',
            `${counted}, ${arm}`,
            `${counted}, ${against}`,
            'prompt',
            'reference',
            `response, ${arm}`,
            `response, ${against}`,
          ],
          words: true,
          rows: flips.map(row),
        })
  return html`<details><summary>${arm}: items gained and lost against ${against}</summary>
${shown('gained', mostGained)}${shown('lost', mostLost)}</details>
`
}
