/** The frame of a page that stands alone: its style inside, no script, no request outside itself. */
import { Html, html } from './html.js'
import { style } from './style.js'

export function page({ name, body }: { name: string; body: Html }): string {
  const whole = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${name}: report</title><style>${new Html(style)}</style></head><body><main>
<h1>${name}</h1>
${body}
</main></body></html>
`
  return whole.text
}
