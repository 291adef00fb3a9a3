/** The frame of a page without script and without requests; its style is inside. */

import type { Drawing } from './figures/drawing.js'
import { style } from './figures/style.js'
import { Html, html } from './html.js'
import type { Table } from './tables/table.js'

/** A whole HTML document, and what it shows as data: each figure and table with its name, in order. */
export interface Page {
  text: string
  figures: readonly Drawing[]
  tables: readonly Table[]
}

export function page({ name, body }: { name: string; body: Html }): Page {
  const { text, figures, tables } = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${name}: report</title><style>${new Html(style)}</style></head><body><main>
<h1>${name}</h1>
${body}
</main></body></html>
`
  return { text, figures, tables }
}
