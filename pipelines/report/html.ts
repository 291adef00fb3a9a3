/** HTML templates that escape what they are filled with, unless it is Html itself, so texts of a model or a data file carry no markup. */
import { printable } from '../printable.js'
import type { Drawing } from './figures/drawing.js'
import { type Cell, type Table, textOf } from './tables/table.js'

/** Markup, and the figures and tables in it, in their order: each of them is also written as a separate file. */
export class Html {
  constructor(
    readonly text: string,
    readonly figures: readonly Drawing[] = [],
    readonly tables: readonly Table[] = [],
  ) {}
}

type Part = string | number | Html | readonly Html[] | null

/** Tagged template. Strings and numbers are escaped for text and for quoted attributes; null is nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const inside = parts.flatMap(part => (part instanceof Html ? [part] : Array.isArray(part) ? (part as Html[]) : []))
  return new Html(
    strings.map((text, index) => text + (index < parts.length ? render(parts[index] ?? null) : '')).join(''),
    inside.flatMap(({ figures }) => figures),
    inside.flatMap(({ tables }) => tables),
  )
}

function render(part: Part): string {
  if (part === null) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part))
  return part.map(one => one.text).join('')
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Control characters, such as those that turn the direction of writing, are written out: they would mislead a reader. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/gu, character => entities[character] ?? character)
}

/** A link if the address is a web address; else its text alone, so that no address can run a script. */
export function link(address: string, text: string): Html {
  return /^https?:\/\//u.test(address) ? html`<a href="${address}">${text}</a>` : html`${text}`
}

/**
 * A table of numbers scrolls by itself on a narrow screen. One of words becomes a list of cells there, each with its column's name.
 * The first column is the row's heading. Null is nothing.
 */
export function table(shown: Table | null): Html {
  if (shown === null) return html``
  const { title, header, rows, words = false, note } = shown
  const stacked = words && header.length > 2
  const label = (place: number) => (stacked ? html` data-label="${header[place] ?? ''}"` : null)
  const head = header.map(cell => html`<th scope="col">${cell}</th>`)
  const body = rows.map(({ cells, kind }) => {
    const [first, ...rest] = cells
    const tds = rest.map((cell, place) => html`<td${label(place + 1)}>${inCell(cell)}</td>`)
    return html`<tr class="${kind ?? ''}"><th scope="row"${label(0)}>${inCell(first ?? '')}</th>${tds}</tr>\n`
  })
  const { text } = html`<p class="caption">${title}.</p>
<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table class="${words ? 'words' : 'figures'}${stacked ? ' stacked' : ''}">
<thead><tr>${head}</tr></thead><tbody>
${body}</tbody></table></div>
${note === undefined ? null : html`<p class="faint">${note}</p>`}
`
  return new Html(text, [], [shown])
}

function inCell(cell: Cell): Html {
  if (typeof cell === 'string') return html`${cell}`
  if ('numbers' in cell) return html`${cell.text}`
  return cell.as === 'code' ? html`<code>${textOf(cell)}</code>` : html`<span class="text">${textOf(cell)}</span>`
}
