/** Rows of a Parquet file, a row group at a time. Memory holds one group. */
import { readSync } from 'node:fs'
import type { AsyncBuffer, FileMetaData } from 'hyparquet'
import { maxRows, type Row } from './row.js'
import { unreadable } from './unreadable.js'
import { WrittenNumber } from './written-number.js'

/** Limit of a row group when it is unpacked. (bytes) */
const maxGroupBytes = 2 ** 30

/** Throws DataInvalid. */
export async function* parquetRows(path: string, file: AsyncBuffer): AsyncGenerator<Row[]> {
  const [{ parquetMetadataAsync, parquetReadObjects }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ])
  const options = { geoparquet: false }
  const metadata = await readable(path, () => parquetMetadataAsync(file, options))
  refuseLarge(path, metadata)
  let from = 0
  for (const group of metadata.row_groups) {
    const to = from + Number(group.num_rows)
    const read = () => parquetReadObjects({ ...options, file, metadata, compressors, rowStart: from, rowEnd: to })
    const rows = await readable(path, read)
    yield rows.map((fields, index) => ({ row: from + index + 1, content: { value: plainValue(fields) } }))
    from = to
  }
}

/** Random access to an open file. */
export function bufferOfFile(file: number, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    slice(start, end = byteLength) {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, byteLength) - start))
      for (let filled = 0; filled < bytes.length; ) {
        const read = readSync(file, bytes, filled, bytes.length - filled, start + filled)
        if (read === 0) break
        filled += read
      }
      return bytes.buffer
    },
  }
}

/** The same for bytes in memory. */
export function bufferOfBytes(bytes: Buffer): AsyncBuffer {
  const own = new Uint8Array(bytes).buffer
  return { byteLength: own.byteLength, slice: (start, end) => own.slice(start, end) }
}

async function readable<Value>(path: string, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read()
  } catch (cause) {
    const found = `a Parquet file that cannot be read (${cause instanceof Error ? cause.message : String(cause)})`
    throw unreadable({ place: path, found, remedy: 'get the file again: it may be cut off or damaged', cause })
  }
}

function refuseLarge(path: string, { row_groups: groups }: FileMetaData): void {
  const rows = groups.reduce((sum, group) => sum + Number(group.num_rows), 0)
  if (rows > maxRows) {
    throw unreadable({ place: path, found: `more than ${maxRows} rows (${rows})`, remedy: 'take a part of them' })
  }
  const largest = Math.max(0, ...groups.map(unpackedBytes))
  if (largest <= maxGroupBytes) return
  throw unreadable({
    place: path,
    found: `a row group of ${largest} bytes, at most ${maxGroupBytes} are read`,
    remedy: 'write it with smaller row groups: pyarrow.parquet.write_table(table, path, row_group_size=10000)',
  })
}

const unpackedBytes = ({ columns }: FileMetaData['row_groups'][number]): number =>
  columns.reduce((sum, { meta_data: column }) => sum + Number(column?.total_uncompressed_size ?? 0), 0)

/** The value as a JSON file would give it. */
function plainValue(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'bigint') return new WrittenNumber(String(value))
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return value.toISOString()
  if (ArrayBuffer.isView(value)) {
    const isBytes = value instanceof Uint8Array
    return isBytes ? Buffer.from(value).toString('base64') : Array.from(value as Float64Array, plainValue)
  }
  if (Array.isArray(value)) return value.map(plainValue)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainValue(inner)]))
}
