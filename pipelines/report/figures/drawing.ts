/** A figure as a file: the SVG of the page with its own colours, light and dark, its alternative text, and the arms it shows. */

import { html } from '../html.js'
import type { ArmMark } from './figure.js'
import { colourOf, dashOf, figureStyle } from './style.js'

export interface Drawing {
  /** Name of its file. */
  name: string
  caption: string
  /** What it shows, in words. */
  alternative: string
  /** The element as the page has it, colours by the page's variables. */
  svg: string
  /** Arms that its colours stand for. */
  arms: readonly ArmMark[]
}

/** Pixels between two arms of the legend. */
const LINE = 20

/** A whole SVG document. */
export function svgFile({ svg, arms }: Drawing): string {
  const opening = svg.indexOf('>') + 1
  const closing = svg.lastIndexOf('</svg>')
  const height = Number(/ height="(\d+)"/u.exec(svg)?.[1])
  const head = svg
    .slice(0, opening)
    .replace(/^<svg /u, '<svg xmlns="http://www.w3.org/2000/svg" ')
    .replace('background:none;', '')
    .replace('font-family:inherit', 'font-family:system-ui,sans-serif')
    .replace(/ height="\d+"/u, ` height="${height + LINE * arms.length}"`)
    .replace(
      / viewBox="0 0 (\d+) \d+"/u,
      (_, width: string) => ` viewBox="0 0 ${width} ${height + LINE * arms.length}"`,
    )
  const legend = arms.map(({ name, index }, place) => {
    const y = height + LINE * place + LINE / 2
    return html`<line x1="16" y1="${y}" x2="50" y2="${y}" stroke="${colourOf(index)}" stroke-width="2.5" stroke-dasharray="${dashOf(index)}"/><text x="58" y="${y}" dy="0.32em" text-anchor="start" fill="currentColor">${name}</text>`
      .text
  })
  return `${head}<style>${figureStyle}</style>${svg.slice(opening, closing)}<g class="legend">${legend.join('')}</g></svg>\n`
}
