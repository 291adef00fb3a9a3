/**
 * Reading a data set of 100,000 rows in one JSON list of 200 MB: as a stream of rows, as the items of a run, and by JSON.parse of the
 * whole. Each is a process, whose time and memory are measured.
 */
import { execFile } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { FileReading } from './read-file.js'
import type { Table } from './table.js'

/** Heap of the process that reads the stream. (MiB) */
const heap = 256

export const fileReaders = {
  'rows as a stream': { reader: 'rows', options: [`--max-old-space-size=${heap}`] },
  'rows as a stream, all kept as items': { reader: 'items', options: [] },
  'JSON.parse of the whole': { reader: 'parse', options: [] },
} as const

export interface FileMeasured extends FileReading {
  name: keyof typeof fileReaders
  /** Of the file. (MB) */
  megabytes: number
}

/** The median of the rounds by wall time, for each reader. */
export async function measureFiles({
  rounds,
  rows = 100_000,
  say,
}: {
  rounds: number
  rows?: number
  say: (line: string) => void
}): Promise<FileMeasured[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rlev-bench-'))
  try {
    const path = join(folder, 'rows.json')
    say(`files: writing ${rows} rows`)
    writeRows(path, rows)
    const megabytes = statSync(path).size / 1e6
    const found = new Map<keyof typeof fileReaders, FileReading[]>()
    for (let round = 1; round <= rounds; round++) {
      for (const [name, { reader, options }] of readersByName()) {
        say(`files: round ${round} of ${rounds}, ${name}`)
        const program = fileURLToPath(new URL('./read-file.js', import.meta.url))
        const { stdout } = await promisify(execFile)(process.execPath, [...options, program, reader, path])
        found.set(name, [...(found.get(name) ?? []), JSON.parse(stdout) as FileReading])
      }
    }
    return [...found].map(([name, readings]) => ({ name, megabytes, ...medianOf(readings) }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const readersByName = () =>
  Object.entries(fileReaders) as [keyof typeof fileReaders, (typeof fileReaders)[keyof typeof fileReaders]][]

function medianOf(readings: readonly FileReading[]): FileReading {
  const sorted = [...readings].sort((a, b) => a.seconds - b.seconds)
  return sorted[Math.floor((sorted.length - 1) / 2)] as FileReading
}

const paragraph =
  '已知函数 $f(x)=\\frac{x^2+1}{\\sqrt{x}}$ 在区间 $(0,+\\infty)$ 上的最小值为 “m”，求 m 的值，并说明理由。\nLet ABC be a triangle with sides a, b and c, and let the angle at A be 60 degrees. Find its area. '

/** Rows of the public form, of two kilobytes each: chat messages with Chinese, English and LaTeX. */
function writeRows(path: string, rows: number): void {
  const file = openSync(path, 'w')
  const long = paragraph.repeat(9)
  for (let row = 0; row < rows; row++) {
    const content = `${row}. ${long.slice(0, 1400 + (row % 500))}`
    const fields = {
      query: [{ role: 'user', content }],
      label: `\\frac{${row}}{7}`,
      score: (row % 7) + 0.5,
      total: 150,
    }
    writeSync(file, `${row === 0 ? '[' : ','}${JSON.stringify(fields)}`)
  }
  writeSync(file, ']')
  closeSync(file)
}

export function tableOfFiles(measured: readonly FileMeasured[]): Table {
  const [first] = measured
  return {
    title: `a JSON list of ${first?.megabytes.toFixed(0)} MB, ${first?.rows} rows; the stream with a heap of ${heap} MiB`,
    head: ['', 'MB/s', 'MB/s of processor time', 'peak memory, MiB'],
    rows: measured.map(({ name, megabytes, seconds, processorSeconds, peak }) => [
      name,
      (megabytes / seconds).toFixed(1),
      (megabytes / processorSeconds).toFixed(1),
      peak.toFixed(0),
    ]),
  }
}
