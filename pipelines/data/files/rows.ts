/**
 * The rows of a data file, as a stream: a JSON list, one JSON object a line, a table, or Parquet, packed or not. What a file is
 * stands in its first bytes; its name is not looked at.
 */
import { closeSync } from 'node:fs'
import { RlevError } from '../../errors.js'
import { openRegularFile, UnfitFile } from '../../input/regular-file.js'
import { type FileBytes, openBytes } from './bytes.js'
import { kindOfFile, markBytes } from './kinds.js'
import { Lines } from './lines.js'
import { BrokenList, ListElements } from './list-elements.js'
import { firstBlack, listsOfRows, membersOf } from './object-file.js'
import { bufferOfBytes, bufferOfFile, parquetRows } from './parquet.js'
import { contentOf, maxRowBytes, maxRows, type Row } from './row.js'
import { delimiterOf, tableRows } from './table.js'
import { unreadable } from './unreadable.js'

export interface RowsOptions {
  /** Key of the list of rows, in a file that is one object. */
  rows?: string | undefined
  /** Names that the reader looks for: a table's header in another case becomes this name. */
  columns?: readonly string[]
}

/** Rows in file order; blank lines are skipped. Throws DataInvalid if the file cannot be read or is of another kind. */
export async function* rowsOf(path: string, options: RowsOptions = {}): AsyncGenerator<Row> {
  try {
    const bytes = await openBytes(path)
    try {
      for await (const rows of rowsOfBytes(path, bytes, options)) {
        if ((rows.at(-1)?.row ?? 0) > maxRows) {
          throw unreadable({ place: path, found: `more than ${maxRows} rows`, remedy: 'take a part of them' })
        }
        // Not `yield*`, which makes a promise more for each row.
        for (const row of rows) yield row
      }
    } finally {
      await bytes.close()
    }
  } catch (cause) {
    if (cause instanceof RlevError || !(cause instanceof Error) || !isOfFile(cause)) throw cause
    throw unreadable({
      place: path,
      found: cause.message,
      remedy: 'check data.train and data.test in the config',
      cause,
    })
  }
}

/** In parts, since a step of an asynchronous generator costs as much as a short row. */
function rowsOfBytes(path: string, bytes: FileBytes, { rows, columns = [] }: RowsOptions): AsyncIterable<Row[]> {
  const { head, chunks } = bytes
  const kind = kindOfFile(head)
  if (typeof kind === 'object') throw unreadable({ place: path, ...kind })
  if (rows !== undefined) return rowsUnderKey(path, bytes, rows)
  switch (kind) {
    case 'parquet':
      return parquet(path, bytes)
    case 'list':
      return listRows(path, bytes, { from: markBytes(head), goesOn: false })
    case 'object':
      return objectRows(path, bytes)
    case 'text': {
      const text = head.toString('utf8', markBytes(head))
      const delimiter = delimiterOf(text)
      if (delimiter !== null) return tableRows(chunks, { path, delimiter, columns, maxRowBytes })
      if (text.trim() === '') return lineRows(chunks, 0)
      const start = JSON.stringify(text.trim().slice(0, 40))
      throw unreadable({ place: path, found: `neither JSON nor a table with a header: it begins with ${start}` })
    }
    default:
      return kind satisfies never
  }
}

/** One object a line, or one object in all. */
function objectRows(path: string, bytes: FileBytes): AsyncIterable<Row[]> {
  const { head, isWhole, chunks } = bytes
  const mark = markBytes(head)
  const from = firstBlack(head, mark)
  const lineEnd = head.indexOf('\n', from)
  const line = head.toString('latin1', from, lineEnd < 0 ? head.length : lineEnd).trim()
  const isOnlyLine = isWhole && (lineEnd < 0 || firstBlack(head, lineEnd) === head.length)
  if (line.endsWith('}') && !isOnlyLine) return lineRows(chunks, mark)
  const lists = listsOfRows(head, from).map(({ key }) => key)
  if (lists.length > 0) throw listUnderKey(path, lists)
  const { end } = membersOf(head, from)
  if (isWhole && end !== null && firstBlack(head, end) === head.length) {
    return oneRow({ row: 1, content: contentOf(head.subarray(from), 'row') })
  }
  const hasLines = /^\{.*\}\s*$/mu.test(head.toString('latin1', mark))
  // A row that is longer than the head is too long: the reader of lines says so, and goes on behind it.
  if (lineEnd < 0 || hasLines || isOnlyLine) return lineRows(chunks, mark)
  throw unreadable({
    place: path,
    found: 'objects that go over several lines, or JSON that is cut off',
    remedy: 'write one object a line: jq -c . FILE; or a list: jq -s . FILE',
  })
}

function listUnderKey(path: string, keys: readonly string[]): RlevError {
  const [first = ''] = keys
  const shown = keys.map(key => `\`${key}\``).join(' and ')
  return unreadable({
    place: path,
    found: `one object with a list of rows under ${shown}`,
    remedy: `name the list: data.fields: {rows: ${first}}`,
  })
}

/** The list under a key of the object that is the file. */
function rowsUnderKey(path: string, bytes: FileBytes, key: string): AsyncIterable<Row[]> {
  const { head } = bytes
  const from = firstBlack(head, markBytes(head))
  const { members } = membersOf(head, from)
  const member = head[from] === openObject ? members.find(own => own.key === key) : undefined
  if (member !== undefined && head[member.at] === openList)
    return listRows(path, bytes, { from: member.at, goesOn: true })
  const found =
    head[from] !== openObject
      ? 'a file that is not one object'
      : member === undefined
        ? `no such key; its first 4 MiB have ${members.map(own => own.key).join(', ') || 'no key'}`
        : 'a value that is no list'
  throw unreadable({
    place: path,
    found: `data.fields names ${key} as the list of rows: ${found}`,
    remedy: 'name a key that holds a list of objects, or leave out data.fields.rows if the file is a list itself',
  })
}

const openObject = 0x7b
const openList = 0x5b

/** `from`: index of the list in the file. */
async function* listRows(
  path: string,
  { head, chunks }: FileBytes,
  { from, goesOn }: { from: number; goesOn: boolean },
): AsyncGenerator<Row[]> {
  const line = head.toString('latin1', 0, from).split('\n').length
  const elements = new ListElements({ maxBytes: maxRowBytes, goesOn, line })
  let row = 0
  try {
    for await (const chunk of without(chunks, from)) {
      const found: Row[] = []
      for (const bytes of elements.push(chunk)) found.push({ row: ++row, content: contentOf(bytes, 'row') })
      yield found
      if (goesOn && elements.ended) return
    }
    elements.end()
  } catch (cause) {
    if (!(cause instanceof BrokenList)) throw cause
    throw unreadable({
      place: `${path}:${cause.line}`,
      found: `a JSON list with ${cause.message}, after row ${row}`,
      remedy: 'correct the file, or write it as JSONL, where one bad row does not hide the others',
      cause,
    })
  }
}

async function* lineRows(chunks: AsyncIterable<Buffer>, skip: number): AsyncGenerator<Row[]> {
  const lines = new Lines({ maxBytes: maxRowBytes })
  let row = 0
  const rowsOfLines = (cut: Iterable<Buffer | null>) => {
    const found: Row[] = []
    for (const bytes of cut) {
      row++
      const isBlank = bytes !== null && firstBlack(bytes, 0) === bytes.length
      if (!isBlank) found.push({ row, content: contentOf(bytes, 'line') })
    }
    return found
  }
  for await (const chunk of without(chunks, skip)) yield rowsOfLines(lines.push(chunk))
  yield rowsOfLines(lines.end())
}

async function* oneRow(row: Row): AsyncGenerator<Row[]> {
  yield [row]
}

/** Random access to the file, or to all it unpacks to. */
async function* parquet(path: string, { packing, chunks }: FileBytes): AsyncGenerator<Row[]> {
  if (packing !== null) {
    const whole: Buffer[] = []
    let length = 0
    for await (const chunk of chunks) {
      whole.push(chunk)
      length += chunk.length
      if (length > maxPackedParquet) {
        throw unreadable({
          place: path,
          found: `a Parquet file of more than ${maxPackedParquet} bytes inside ${packing} data`,
          remedy: 'unpack it; Parquet is packed inside',
        })
      }
    }
    yield* parquetRows(path, bufferOfBytes(Buffer.concat(whole)))
    return
  }
  const { file, bytes } = openRegularFile(path)
  try {
    yield* parquetRows(path, bufferOfFile(file, bytes))
  } finally {
    closeSync(file)
  }
}

/** Limit of a Parquet file that is packed once more, which is unpacked into memory. (bytes) */
const maxPackedParquet = 256 * 2 ** 20

/** The chunks without the first bytes. */
async function* without(chunks: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes
  for await (const chunk of chunks) {
    const skipped = Math.min(left, chunk.length)
    left -= skipped
    if (skipped < chunk.length) yield skipped === 0 ? chunk : chunk.subarray(skipped)
  }
}

/** Whether the error is one of opening or reading a file. */
function isOfFile(error: Error): boolean {
  return error instanceof UnfitFile || (error as NodeJS.ErrnoException).syscall !== undefined
}
