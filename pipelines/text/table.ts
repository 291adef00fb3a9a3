/** Tables for a terminal: columns as wide as their widest cell, two spaces between, no lines. */
import { cutToWidth, padToWidth, textWidth } from './width.js'

export interface Column {
  heading: string
  /** Numbers stand on the right. Left unless said. */
  align?: 'left' | 'right'
  /** Columns that may be cut when the table is wider than the terminal; the widest one of them gives way first. */
  shrinks?: boolean
  /** Left out when the table is wider than the terminal, before anything is cut: the highest number first. */
  dispensable?: number
}

const gap = '  '
const narrowest = 6

/** Lines without trailing space. `width`: columns of the terminal; without it nothing is cut. */
export function layOutTable(options: {
  columns: readonly Column[]
  rows: readonly (readonly string[])[]
  width?: number
}): string[] {
  const { columns, rows, width = Number.POSITIVE_INFINITY } = options
  const fields = columns.map((column, index) => {
    const cells = [column.heading, ...rows.map(row => row[index] ?? '')]
    return { ...column, cells, room: Math.max(...cells.map(textWidth)) }
  })
  const kept = shrink(leaveOut(fields, width), width)
  return ['', ...rows].map((_, line) =>
    kept
      .map(({ align = 'left', cells, room }) => padToWidth(cutToWidth(cells[line] ?? '', room), room, align))
      .join(gap)
      .trimEnd(),
  )
}

interface Field extends Column {
  /** Heading first. */
  cells: string[]
  /** Columns of the terminal. */
  room: number
}

const total = (fields: readonly Field[]) =>
  fields.reduce((sum, { room }) => sum + room, gap.length * Math.max(0, fields.length - 1))

function leaveOut(fields: readonly Field[], width: number): Field[] {
  const kept = [...fields]
  const order = kept.filter(({ dispensable }) => dispensable !== undefined)
  order.sort((a, b) => (a.dispensable ?? 0) - (b.dispensable ?? 0))
  while (total(kept) > width && order.length > 0) kept.splice(kept.indexOf(order.pop() as Field), 1)
  return kept
}

function shrink(fields: readonly Field[], width: number): Field[] {
  const kept = fields.map(field => ({ ...field }))
  while (total(kept) > width) {
    const candidates = kept.filter(({ shrinks, room }) => shrinks && room > narrowest)
    if (candidates.length === 0) break
    const widest = candidates.reduce((wider, field) => (field.room > wider.room ? field : wider))
    widest.room -= 1
  }
  return kept
}
