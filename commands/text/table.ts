/** Tables for a terminal: columns as wide as their widest cell, two spaces between, no lines. */
import { cutToWidth, padToWidth, textWidth } from './width.js'

export interface Column {
  heading: string
  /** Numbers stand on the right. Left unless said. */
  align?: 'left' | 'right'
  /** Columns that may be cut when the table is wider than the terminal; the widest one of them gives way first. */
  shrinks?: boolean
}

const gap = '  '
const narrowest = 6

/** Lines without trailing space. `width`: columns of the terminal; without it nothing is cut. */
export function layOutTable(options: {
  columns: readonly Column[]
  rows: readonly (readonly string[])[]
  width?: number
}): string[] {
  const { columns, rows, width } = options
  const lines = [columns.map(column => column.heading), ...rows]
  const widths = columns.map((_, index) => Math.max(...lines.map(cells => textWidth(cells[index] ?? ''))))
  if (width !== undefined) shrink(widths, columns, width)
  return lines.map(cells =>
    columns
      .map(({ align = 'left' }, index) => {
        const room = widths[index] ?? 0
        return padToWidth(cutToWidth(cells[index] ?? '', room), room, align)
      })
      .join(gap)
      .trimEnd(),
  )
}

function shrink(widths: number[], columns: readonly Column[], width: number): void {
  const total = () => widths.reduce((sum, room) => sum + room, gap.length * (widths.length - 1))
  while (total() > width) {
    let widest = -1
    for (const [index, room] of widths.entries()) {
      if (columns[index]?.shrinks && room > narrowest && room > (widths[widest] ?? 0)) widest = index
    }
    if (widest < 0) return
    widths[widest] = (widths[widest] ?? 0) - 1
  }
}
