/** A figure of the report: a plot drawn to inline SVG without a browser, with alternative text and a caption. */
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { printable } from '../../printable.js'
import { Html, html } from '../html.js'
import type { LegendEntry } from './drawing.js'
import { legendList } from './legend.js'

const { document } = parseHTML('<!doctype html><html><body></body></html>')

/**
 * `name` is the name of its file. `alternative` says in words what the figure shows, for readers who do not see it.
 * The width of 420 pixels keeps the letters readable on a phone, where the figure shrinks to the screen.
 */
export function figure({
  name,
  title = null,
  legend = [],
  caption,
  alternative,
  plot,
}: {
  name: string
  /** Of its file, at most 50 characters. */
  title?: string | null
  legend?: readonly LegendEntry[]
  caption: string
  alternative: string
  plot: Plot.PlotOptions
}): Html {
  const drawn = Plot.plot({
    width: 420,
    height: 270,
    marginLeft: 52,
    marginTop: 32,
    marginBottom: 42,
    style: { background: 'none', fontSize: '13px', fontFamily: 'inherit', overflow: 'visible' },
    ...plot,
    document,
  })
  // The only markup that does not come whole from a template. Plot draws data as text nodes, which are escaped. The alternative
  // text goes in by a template, because linkedom does not escape < in attributes.
  const attributes = html`<svg role="img" aria-label="${alternative}" `
  const svg = printable(drawn.outerHTML).replace(/^<svg /u, () => attributes.text)
  const { text } =
    html`<figure id="figure-${name}">${legendList(legend)}${new Html(svg)}<figcaption>${caption}</figcaption></figure>
`
  return new Html(text, [{ name, title, caption, alternative, svg, legend }])
}
