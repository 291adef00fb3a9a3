/** What a data file is, by its first bytes. Names are not looked at: a Parquet file may be called data.json. */

/** `Foreign`: a file that holds no rows that are read here, in words, and what to do. */
export type FileKind = 'parquet' | 'list' | 'object' | 'text' | Foreign

export interface Foreign {
  found: string
  remedy: string
}

const byteOrderMark = Buffer.from('\ufeff')

/** Bytes of the byte order mark at the start: 0 or 3. */
export function markBytes(head: Buffer): number {
  return head.subarray(0, 3).equals(byteOrderMark) ? 3 : 0
}

const unpack = 'unpack it and name the data file inside'
const asText = 'export it as CSV, JSONL or Parquet'

/** First bytes of files of other kinds. */
const signatures: readonly (readonly [start: string | readonly number[], found: string, remedy: string])[] = [
  [
    'PK\u0003\u0004',
    'a zip archive (an Excel workbook is one too)',
    `${unpack}; of a workbook, save the sheet as CSV UTF-8`,
  ],
  [[0xff, 0xfe], 'text in UTF-16', 'save it as UTF-8: iconv -f UTF-16 -t UTF-8'],
  [[0xfe, 0xff], 'text in UTF-16', 'save it as UTF-8: iconv -f UTF-16 -t UTF-8'],
  ['%PDF-', 'a PDF', asText],
  ['version https://git-lfs.github.com/spec/', 'a Git LFS pointer, not the data', 'fetch the data: git lfs pull'],
  ['BZh', 'bzip2 data', `${unpack}: bunzip2`],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'xz data', `${unpack}: unxz`],
  [[0x37, 0x7a, 0xbc, 0xaf], 'a 7-Zip archive', unpack],
  ['Rar!', 'a RAR archive', unpack],
  ['SQLite format 3', 'an SQLite database', asText],
  ['ARROW1', 'an Arrow file', 'write it as Parquet: pyarrow.parquet.write_table'],
  ['Obj\u0001', 'an Avro file', asText],
  [[0x89, 0x48, 0x44, 0x46], 'an HDF5 file', asText],
  [[0xd0, 0xcf, 0x11, 0xe0], 'an old Office document', 'save the sheet as CSV UTF-8'],
  [[0x80, 0x04], 'a Python pickle, which is never loaded', asText],
]

export function kindOfFile(head: Buffer): FileKind {
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') return 'parquet'
  for (const [start, found, remedy] of signatures) {
    const bytes = typeof start === 'string' ? Buffer.from(start, 'latin1') : Buffer.from(start)
    if (head.subarray(0, bytes.length).equals(bytes)) return { found, remedy }
  }
  if (head.subarray(257, 262).toString('latin1') === 'ustar') {
    return { found: 'a tar archive', remedy: unpack }
  }
  if (isWide(head)) {
    return { found: 'text in UTF-16 or UTF-32', remedy: 'save it as UTF-8 (iconv)' }
  }
  const start = head.subarray(markBytes(head), 1024).toString('latin1').trimStart()
  if (/^<(!doctype|html|\?xml|[a-z]+[\s>])/i.test(start)) {
    return { found: 'a page of HTML or XML', remedy: 'download the file itself, not its page' }
  }
  if (start.startsWith('[')) return 'list'
  return start.startsWith('{') ? 'object' : 'text'
}

/** Whether every second byte is zero and those between are not, as in UTF-16 without a mark. */
function isWide(head: Buffer): boolean {
  const start = head.subarray(0, 64)
  if (start.length < 4) return false
  const zeros = [0, 0]
  for (const [at, byte] of start.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1
  const [even = 0, odd = 0] = zeros
  return Math.max(even, odd) > start.length / 3 && Math.min(even, odd) <= start.length / 4 && even + odd < start.length
}
