/** Legends of figures: on the page a list above the figure, in an SVG file as rows below the drawing. */
import { type Html, html } from '../html.js'
import type { LegendEntry } from './drawing.js'
import { type ArmMark, colourOf, lineOf } from './style.js'

/** Pixels of a symbol. */
export const symbolWidth = 34

export function armLines(arms: readonly ArmMark[]): LegendEntry[] {
  return arms.map(arm => {
    const { stroke, strokeWidth, strokeOpacity, strokeDasharray } = lineOf(arm)
    const label = arm.baseline ? `${arm.name} (baseline)` : arm.name
    return { label, symbol: 'line', colour: stroke, width: strokeWidth, opacity: strokeOpacity, dash: strokeDasharray }
  })
}

export function armSymbols(arms: readonly ArmMark[], symbol: 'area' | 'dot'): LegendEntry[] {
  return arms.map(({ name, index }) => ({ label: name, symbol, colour: colourOf(index) }))
}

/** Lines that are level, centred on `y`, from `x` on. */
export function symbolOf(
  { symbol, colour, width = 2.2, dash = '', opacity = 1 }: LegendEntry,
  x: number,
  y: number,
): Html {
  const middle = x + symbolWidth / 2
  switch (symbol) {
    case 'line':
      return html`<line x1="${x}" y1="${y}" x2="${x + symbolWidth}" y2="${y}" stroke="${colour}" stroke-width="${width}" stroke-opacity="${opacity}" stroke-dasharray="${dash}"/>`
    case 'area':
      return html`<rect x="${middle - 7}" y="${y - 6}" width="14" height="12" fill="${colour}" fill-opacity="${opacity}"/>`
    case 'dot':
      return html`<circle cx="${middle}" cy="${y}" r="5" fill="${colour}" fill-opacity="${opacity}"/>`
    case 'ring':
      return html`<circle cx="${middle}" cy="${y}" r="3.5" fill="none" stroke="${colour}" stroke-width="1.5" stroke-opacity="${opacity}"/>`
    default:
      return symbol satisfies never
  }
}

export function legendList(entries: readonly LegendEntry[]): Html {
  if (entries.length === 0) return html``
  const items = entries.map(
    entry =>
      html`<li><svg width="${symbolWidth}" height="14" aria-hidden="true">${symbolOf(entry, 0, 7)}</svg>${entry.label}</li>`,
  )
  return html`<ul class="legend">${items}</ul>
`
}
