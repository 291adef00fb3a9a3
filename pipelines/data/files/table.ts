/** Rows of a table with a header: cells between commas, tabs or semicolons. All fields are text. */
import { pipeline, Readable } from 'node:stream'
import { CsvError, type Options, parse } from 'csv-parse'
import type { Row } from './row.js'
import { unreadable } from './unreadable.js'

const delimiters = ['\t', ',', ';'] as const
export type Delimiter = (typeof delimiters)[number]

/** The delimiter that is most frequent in the header, outside of quotes; null if there is no delimiter. */
export function delimiterOf(head: string): Delimiter | null {
  const counts = new Map<string, number>()
  let isQuoted = false
  for (const character of head) {
    if (character === '"') isQuoted = !isQuoted
    else if (!isQuoted && (character === '\n' || character === '\r')) break
    else if (!isQuoted) counts.set(character, (counts.get(character) ?? 0) + 1)
  }
  const countOf = (delimiter: Delimiter) => counts.get(delimiter) ?? 0
  const best = delimiters.reduce((first, other) => (countOf(other) > countOf(first) ? other : first))
  return countOf(best) === 0 ? null : best
}

export interface TableOptions {
  path: string
  delimiter: Delimiter
  /** Names that the reader looks for: a header in another case becomes this name. */
  columns: readonly string[]
  /** (bytes) */
  maxRowBytes: number
}

/** Throws DataInvalid. */
export async function* tableRows(chunks: AsyncIterable<Buffer>, options: TableOptions): AsyncGenerator<Row[]> {
  const { path, delimiter, columns, maxRowBytes } = options
  const settings: Options = {
    delimiter,
    bom: true,
    skip_empty_lines: true,
    relax_column_count: true,
    // Cells between tabs are seldom quoted, so a quote inside one is a quote.
    relax_quotes: delimiter === '\t',
    max_record_size: maxRowBytes,
  }
  // An error of the pipeline ends the returned stream, whose reader throws it.
  const records = pipeline(Readable.from(utf8(chunks, path)), parse(settings), () => {}) as AsyncIterable<string[]>
  let names: string[] | null = null
  let row = 0
  try {
    for await (const cells of records) {
      if (names === null) {
        names = namesOf(cells, { path, columns })
        continue
      }
      row++
      if (cells.length !== names.length) {
        yield [{ row, content: { problem: `the row has ${cells.length} cells, the header ${names.length}` } }]
        continue
      }
      const named = names.map((name, at) => [name, cells[at]] as const).filter(([name]) => name !== '')
      yield [{ row, content: { value: Object.fromEntries(named) } }]
    }
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    throw unreadable({
      place: path,
      found: `a table that breaks off (${cause.message})`,
      remedy: 'correct the row: a cell with a quote, a newline or the delimiter stands in quotes, and "" is a quote',
      cause,
    })
  }
}

/** The header's names without blanks around them. A name in another case becomes the column that is looked for. */
function namesOf(header: readonly string[], { path, columns }: Pick<TableOptions, 'path' | 'columns'>): string[] {
  const byLower = new Map(columns.map(column => [column.toLowerCase(), column]))
  const names = header.map(text => {
    const name = text.trim()
    return columns.includes(name) ? name : (byLower.get(name.toLowerCase()) ?? name)
  })
  const twice = names.find((name, at) => name !== '' && names.indexOf(name) !== at)
  if (twice === undefined) return names
  throw unreadable({
    place: path,
    found: `a header that names the column ${JSON.stringify(twice)} twice: ${header.join(delimiterShown)}`,
    remedy: 'rename or remove one of the columns',
  })
}

const delimiterShown = ' | '

/** Text of the chunks. Throws DataInvalid for other encodings: replacement characters would silently change answers. */
async function* utf8(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let line = 1
  let before: Buffer = Buffer.alloc(0)
  const decoded = (chunk: Buffer, stream: boolean) => {
    try {
      return decoder.decode(chunk, { stream })
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause
      throw unreadable({
        place: `${path}:${line}`,
        found: 'bytes that are no UTF-8, in this line or one of the next',
        remedy: 'save the table as UTF-8 (iconv -f GB18030 -t UTF-8; in Excel "CSV UTF-8")',
        cause,
      })
    }
  }
  for await (const chunk of chunks) {
    for (let at = before.indexOf(0x0a); at >= 0; at = before.indexOf(0x0a, at + 1)) line++
    before = chunk
    yield decoded(chunk, true)
  }
  yield decoded(Buffer.alloc(0), false)
}
