/** A table as data, written once and shown as text, as Markdown, as CSV and on the page of the report. */
import { plainMarkdown } from '../../input/markdown.js'
import { layOutTable } from '../../text/table.js'
import { csvLine } from './csv.js'
import { NONE } from './format.js'

/**
 * A text as it is; a text that a page sets as code, or with its line breaks as a model or a data file wrote it; or the text of numbers
 * with the numbers themselves, which have their own columns in CSV: '' is the cell's column, another key a column beside it.
 */
export type Cell =
  | string
  | { text: string; as: 'code' | 'verbatim' }
  | { text: string; numbers: Readonly<Record<string, number | null>> }

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
  /** Words rather than numbers: cells are set to the left and may break. */
  words?: boolean
  /** A sentence below the table. */
  note?: string
}

export function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text
}

/** Plain text: a title, columns aligned, then the note. */
export function textTable({ title, header, rows, note }: Table): string {
  const below = note === undefined ? '' : `\n${note}`
  return `${title}\n${aligned([header, ...rows.map(({ cells }) => cells.map(textOf))])}${below}`
}

export function markdownTable({ title, header, rows, note }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(plainMarkdown).join(' | ')} |`
  const body = rows.map(({ cells }) => line(cells.map(textOf)))
  const below = note === undefined ? [] : ['', plainMarkdown(note)]
  return [`**${plainMarkdown(title)}**`, '', line(header), line(header.map(() => '---')), ...body, ...below].join('\n')
}

/** RFC 4180 with line feeds. Each number has its own column; a missing one is an empty field. */
export function csvTable({ header, rows }: Table): string {
  const columns = header.flatMap((title, place) => {
    const cells = rows.map(row => row.cells[place] ?? '')
    const keys = new Set(cells.flatMap(cell => (hasNumbers(cell) ? Object.keys(cell.numbers) : [])))
    if (keys.size === 0) return [[title, ...cells.map(textOf)].map(missingIsEmpty)]
    return [...keys].map(key => [
      [title, key].filter(part => part !== '').join(' '),
      ...cells.map(cell => (hasNumbers(cell) ? written(cell.numbers[key]) : missingIsEmpty(textOf(cell)))),
    ])
  })
  return [header, ...rows].map((_, line) => csvLine(columns.map(column => column[line] ?? ''))).join('')
}

function hasNumbers(cell: Cell): cell is Extract<Cell, { numbers: object }> {
  return typeof cell !== 'string' && 'numbers' in cell
}

function missingIsEmpty(text: string): string {
  return text === NONE ? '' : text
}

/** Ten digits: enough for any further use, and 0.1 + 0.2 is 0.3. */
function written(value: number | null | undefined): string {
  return value == null ? '' : String(Number(value.toPrecision(10)))
}

/** Lines of a table in plain text: the first column on the left, the others on the right. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const [header = [], ...body] = rows
  const columns = header.map((heading, index) => ({
    heading,
    align: index === 0 ? ('left' as const) : ('right' as const),
  }))
  return layOutTable({ columns, rows: body })
    .map(line => `  ${line}`)
    .join('\n')
}
