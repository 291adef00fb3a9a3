/** A table as data, written once and shown as text, as Markdown, as CSV and on the page of the report. */
import { plainMarkdown } from '../../input/markdown.js'
import { printable } from '../../printable.js'

/** A text as it is, or one that a page sets as code or as what a model or a data file wrote, line breaks and all. */
export type Cell = string | { text: string; as: 'code' | 'verbatim' }

export interface Row {
  /** The first is the heading of the row. */
  cells: readonly Cell[]
  kind?: 'placebo' | 'before' | undefined
}

export interface Table {
  /** Name of its file. */
  name: string
  title: string
  header: readonly string[]
  rows: readonly Row[]
  /** Words rather than figures: cells are set to the left and may break. */
  words?: boolean
}

export function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text
}

/** Plain text: a title, then columns aligned. */
export function textTable({ title, header, rows }: Table): string {
  return `${title}\n${aligned([header, ...rows.map(({ cells }) => cells.map(textOf))])}`
}

export function markdownTable({ title, header, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(plainMarkdown).join(' | ')} |`
  const body = rows.map(({ cells }) => line(cells.map(textOf)))
  return [`**${plainMarkdown(title)}**`, '', line(header), line(header.map(() => '---')), ...body].join('\n')
}

/** RFC 4180 with line feeds: the header, then the rows, the same cells as everywhere. */
export function csvTable({ header, rows }: Table): string {
  return [header, ...rows.map(({ cells }) => cells.map(textOf))]
    .map(line => `${line.map(csvCell).join(',')}\n`)
    .join('')
}

/** What a spreadsheet would take for a formula is marked as text; a signed figure is none. */
const formula = /^(?:[=@\t\r]|[+-](?!\d))/u

function csvCell(text: string): string {
  const plain = printable(text)
  const safe = formula.test(plain) ? `'${plain}` : plain
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Lines of a table in plain text: the first column on the left, the others on the right. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows
    .map(row =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .map(line => `  ${line}`)
    .join('\n')
}
