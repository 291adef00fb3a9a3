/** HTML that cannot carry markup of a model or a data file: whatever a template is filled with is escaped, unless it is Html itself. */
import { printable } from '../../input/printable.js'

export class Html {
  constructor(readonly text: string) {}
}

type Part = string | number | Html | readonly Html[] | null

/** Tagged template. Strings and numbers are escaped for text and for quoted attributes; null is nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(
    strings.map((text, index) => text + (index < parts.length ? render(parts[index] ?? null) : '')).join(''),
  )
}

function render(part: Part): string {
  if (part === null) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part))
  return part.map(one => one.text).join('')
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** What steers a text, such as a turned direction of writing, is written out: a page has no use for it, and a reader is misled. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/gu, character => entities[character] ?? character)
}

/** A link, where the address is a web address; else its text alone, so that no address can run a script. */
export function link(address: string, text: string): Html {
  return /^https?:\/\//u.test(address) ? html`<a href="${address}">${text}</a>` : html`${text}`
}

/** A table that scrolls by itself on a narrow screen; the first column is the row's heading. */
export function table({
  caption,
  header,
  rows,
  numeric = true,
}: {
  caption: string
  header: readonly string[]
  rows: readonly { cells: readonly (string | Html)[]; className?: string }[]
  /** Whether the cells after the first are figures, set to the right. */
  numeric?: boolean
}): Html {
  const head = header.map(cell => html`<th scope="col">${cell}</th>`)
  const body = rows.map(({ cells, className }) => {
    const [first, ...rest] = cells
    const tds = rest.map(cell => html`<td>${cell}</td>`)
    return html`<tr class="${className ?? ''}"><th scope="row">${first ?? ''}</th>${tds}</tr>\n`
  })
  return html`<p class="caption">${caption}</p>
<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="${numeric ? 'figures' : 'words'}">
<thead><tr>${head}</tr></thead><tbody>
${body}</tbody></table></div>
`
}
