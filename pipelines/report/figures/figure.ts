/** A figure of the report: a plot drawn to inline SVG without a browser, with alternative text and a caption. */
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { printable } from '../../printable.js'
import { Html, html } from '../html.js'
import { colourOf, dashOf } from './style.js'

/** An arm as all figures show it: the same colour and dash pattern everywhere. */
export interface ArmMark {
  name: string
  index: number
}

const { document } = parseHTML('<!doctype html><html><body></body></html>')

/**
 * `name` is that of its file. `alternative` says in words what the figure shows; it stands in for the figure where that is not seen.
 * Pixels; so narrow that its words can be read on a phone, where it is shrunk to the screen.
 */
export function figure({
  name,
  arms,
  caption,
  alternative,
  plot,
}: {
  name: string
  /** Arms that its colours stand for; the file has them below the figure, the page in a legend. */
  arms?: readonly ArmMark[]
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
  // The only markup that does not come whole from a template. Plot draws data as text nodes, which are escaped; the alternative
  // text goes in by a template, for linkedom leaves < as it is in attributes.
  const attributes = html`<svg role="img" aria-label="${alternative}" `
  const svg = printable(drawn.outerHTML).replace(/^<svg /u, () => attributes.text)
  const { text } = html`<figure id="figure-${name}">${new Html(svg)}<figcaption>${caption}</figcaption></figure>
`
  return new Html(text, [{ name, caption, alternative, svg, arms: arms ?? [] }])
}

export function legend(arms: readonly ArmMark[]): Html {
  const entries = arms.map(
    ({ name, index }) =>
      html`<li><svg width="34" height="10" aria-hidden="true"><line x1="0" y1="5" x2="34" y2="5" stroke="${colourOf(index)}" stroke-width="2.5" stroke-dasharray="${dashOf(index)}"/></svg>${name}</li>`,
  )
  return html`<ul class="legend">${entries}</ul>
`
}
