/** A figure as a file: the SVG of the page with colours for light and dark, its title above and its legend below. */
import { html } from '../html.js'
import type { Drawing } from './drawing.js'
import { symbolOf, symbolWidth } from './legend.js'
import { figureStyle } from './style.js'

/** Pixels between two rows of the legend, and above the drawing with a title. */
const row = 20
const titleHeight = 30
const gap = 8
const left = 16

/** A whole SVG document. */
export function svgFile({ svg, title, legend }: Drawing): string {
  const opening = svg.indexOf('>') + 1
  const closing = svg.lastIndexOf('</svg>')
  const top = title === null ? 0 : titleHeight
  const drawn = Number(/ height="(\d+)"/u.exec(svg)?.[1])
  const height = drawn + top + (legend.length > 0 ? gap + row * legend.length : 0)
  const head = svg
    .slice(0, opening)
    .replace(/^<svg /u, '<svg xmlns="http://www.w3.org/2000/svg" ')
    .replace('background:none;', '')
    .replace('font-family:inherit', 'font-family:system-ui,sans-serif')
    .replace(/ height="\d+"/u, ` height="${height}"`)
    .replace(/ viewBox="0 0 (\d+) \d+"/u, (_, width: string) => ` viewBox="0 ${-top} ${width} ${height}"`)
  const heading =
    title === null
      ? ''
      : html`<text class="title" x="${left}" y="${8 - top}" dy="0.71em" text-anchor="start" font-size="15" font-weight="600" fill="currentColor">${title}</text>`
          .text
  const rows = legend.map((entry, place) => {
    const y = drawn + gap + row * place + row / 2 - 3
    return html`${symbolOf(entry, left, y)}<text x="${left + symbolWidth + 8}" y="${y}" dy="0.32em" text-anchor="start" fill="currentColor">${entry.label}</text>`
      .text
  })
  return `${head}<style>${figureStyle}</style>${heading}${svg.slice(opening, closing)}<g class="legend">${rows.join('')}</g></svg>\n`
}
