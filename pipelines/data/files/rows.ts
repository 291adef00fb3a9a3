/** The rows of a data file: a JSON list, one JSON value a line, or a CSV table. */
import { closeSync, readSync } from 'node:fs'
import { extname } from 'node:path'
import { CsvError, parse as parseTable } from 'csv-parse/sync'
import { RlevError } from '../../errors.js'
import { UnfitJson } from '../../input/bounded-json.js'
import { openRegularFile, readRegularFile } from '../../input/regular-file.js'
import { parseJson } from './json.js'
import { lines } from './lines.js'

export interface Row {
  /** From 1: index in the list, line of the file, or record of the table below its header. */
  row: number
  /** The parsed value, or why parsing failed. */
  content: { value: unknown } | { problem: string }
}

/** Limit of one line: a question of a million characters in any script. (bytes) */
const maxLineBytes = 4 * 2 ** 20

/** Limit of a list or table, which is parsed as a whole. A longer set must be JSONL. (bytes) */
const maxListBytes = 32 * 2 ** 20

/** Limit of rows: items and their encoded prompts are kept in memory. */
const MOST_ROWS = 1_000_000

const BYTE_ORDER_MARK = '\ufeff'

/**
 * Rows in file order; blank lines are skipped. A file is a table if its name ends in .csv. It is a list if its first character
 * is `[` and its name does not end in .jsonl or .ndjson. Throws DataInvalid if the file cannot be read or the list is not JSON.
 */
export function rowsOf(path: string): Iterable<Row> {
  try {
    // Open the file before checking its name, so a missing file is reported here and not at its first row.
    const opensList = firstCharacter(path) === '['
    const extension = extname(path).toLowerCase()
    if (extension === '.csv') return tableRows(path)
    const named = ['.jsonl', '.ndjson'].includes(extension)
    return opensList && !named ? listRows(path) : lineRows(path)
  } catch (cause) {
    if (cause instanceof RlevError || !(cause instanceof Error)) throw cause
    throw new RlevError({
      kind: 'DataInvalid',
      message: 'the data file cannot be read',
      place: path,
      found: cause.message,
      remedy: 'check data.train and data.test in the config',
      cause,
    })
  }
}

function firstCharacter(path: string): string {
  const { file } = openRegularFile(path)
  try {
    const head = Buffer.alloc(1024)
    const size = readSync(file, head, 0, head.length, 0)
    return head.toString('utf8', 0, size).trimStart().charAt(0)
  } finally {
    closeSync(file)
  }
}

function listRows(path: string): Row[] {
  const text = decode(readRegularFile(path, { maxBytes: maxListBytes }))
  if (text === null) throw unreadable(path, 'bytes that are no UTF-8')
  let list: unknown
  try {
    list = parseJson(text)
  } catch (cause) {
    if (cause instanceof UnfitJson) throw unreadable(path, cause.message)
    if (!(cause instanceof SyntaxError)) throw cause
    throw unreadable(`${path}${positionIn(text, cause.message)}`, cause.message)
  }
  if (!Array.isArray(list)) throw unreadable(path, 'JSON that is no list')
  return list.map((value: unknown, index) => ({ row: index + 1, content: { value } }))
}

/** Records by the names in the first one; all fields are text. */
function tableRows(path: string): Row[] {
  const text = decode(readRegularFile(path, { maxBytes: maxListBytes }))
  if (text === null) throw unreadable(path, 'bytes that are no UTF-8')
  let records: string[][]
  try {
    records = parseTable(text, { skip_empty_lines: true, relax_column_count: true, max_record_size: maxLineBytes })
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    throw unreadable(path, cause.message)
  }
  const [header, ...rows] = records
  if (header === undefined) return []
  return rows.map((cells, index): Row => {
    if (cells.length === header.length)
      return { row: index + 1, content: { value: Object.fromEntries(header.map((name, at) => [name, cells[at]])) } }
    return { row: index + 1, content: { problem: `the row has ${cells.length} fields, the header ${header.length}` } }
  })
}

function unreadable(
  place: string,
  found: string,
  remedy = 'correct the file, or write it as .jsonl, where one bad row does not hide the others',
): RlevError {
  return new RlevError({
    kind: 'DataInvalid',
    message: 'the data file cannot be read',
    place,
    expected: 'a JSON list of objects, one object a line (.jsonl), or a table with a header (.csv), in UTF-8',
    found,
    remedy,
  })
}

function* lineRows(path: string): Generator<Row> {
  let row = 0
  refuseManyRows(path)
  for (const bytes of lines(path, { maxBytes: maxLineBytes })) {
    row++
    if (bytes === null) {
      yield { row, content: { problem: `the line is longer than ${maxLineBytes} bytes` } }
      continue
    }
    const text = decode(bytes)
    if (text === null) yield { row, content: { problem: 'the line is no UTF-8' } }
    else if (text.trim() !== '') yield { row, content: parseLine(text) }
  }
}

/** Counts the values before any is created. */
function refuseManyRows(path: string): void {
  const { file } = openRegularFile(path)
  try {
    const chunk = Buffer.alloc(2 ** 20)
    let rows = 0
    for (let size = readSync(file, chunk); size > 0; size = readSync(file, chunk)) {
      const read = chunk.subarray(0, size)
      for (let end = read.indexOf('\n'); end >= 0; end = read.indexOf('\n', end + 1)) rows++
      if (rows > MOST_ROWS) throw unreadable(path, `more than ${MOST_ROWS} lines`, 'take a part of them')
    }
  } finally {
    closeSync(file)
  }
}

function parseLine(text: string): Row['content'] {
  try {
    return { value: parseJson(text) }
  } catch (error) {
    if (error instanceof UnfitJson) return { problem: `the line holds ${error.message}` }
    if (!(error instanceof SyntaxError)) throw error
    return { problem: `the line is no JSON (${error.message})` }
  }
}

/** Null for bytes that are not UTF-8: replacement characters would silently change answers. */
function decode(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
  } catch (error) {
    if (error instanceof TypeError) return null
    throw error
  }
}

/** `:line:column` if the parser's message has a position. */
function positionIn(text: string, message: string): string {
  const position = Number(/at position (\d+)/.exec(message)?.[1] ?? Number.NaN)
  if (Number.isNaN(position)) return ''
  let line = 1
  let start = 0
  for (let end = text.indexOf('\n'); end >= 0 && end < position; end = text.indexOf('\n', end + 1)) {
    line++
    start = end + 1
  }
  return `:${line}:${position - start + 1}`
}
