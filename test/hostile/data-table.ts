/** Data files: lines and lists without end, JSON that multiplies or overflows, invalid rows, paths that are not files. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { HostileCase } from './case.js'

const MB = 2 ** 20
const good = (fields: object = {}) => JSON.stringify({ prompt: '1+1=', answer: '2', points: 1, total: 2, ...fields })

/** `write` fills the file of that name. */
const data = (name: string, file: string, write: (path: string) => void, says: RegExp): HostileCase => ({
  name,
  make: folder => write(join(folder, file)),
  meet: folder => prepare(join(folder, file)),
  outcome: { refused: 'DataInvalid', says },
})

async function prepare(train: string) {
  const { prepareData } = await import('../../pipelines/data/prepare.js')
  const config = { source: 'file', train, testShare: 0.5, splitSeed: 1, form: 'auto', onBadRow: 'stop' } as const
  return (await prepareData(config, { seed: 1 })).train.length
}

/** The text so often, without holding all of it. */
function repeated(path: string, text: string | Buffer, count: number, { before = '', after = '' } = {}): void {
  const file = openSync(path, 'w')
  const piece = Buffer.from(text)
  const block = Math.max(1, Math.floor(MB / piece.length))
  const whole = Buffer.alloc(block * piece.length, piece)
  writeSync(file, before)
  for (let left = count; left > 0; left -= block) {
    writeSync(file, whole.subarray(0, Math.min(left, block) * piece.length))
  }
  writeSync(file, after)
  closeSync(file)
}

/** So many blocks of a megabyte of blanks. A repeated member or frame is what the format calls one file. */
function packed(path: string, packing: 'gzip' | 'zstd', blocks: number): void {
  const blanks = Buffer.alloc(MB, ' ')
  const one = packing === 'gzip' ? gzipSync(blanks) : zstdFrame({ window: 0x58, blanks: MB })
  repeated(path, one, blocks)
}

/** A zstd frame (RFC 8878) of blanks, each block one byte that is repeated. */
function zstdFrame({ window, blanks = 0, bytes = 0 }: { window: number; blanks?: number; bytes?: number }): Buffer {
  const block = (size: number, isLast: boolean) => {
    const header = (size << 3) | (1 << 1) | Number(isLast)
    return Buffer.from([header & 0xff, (header >> 8) & 0xff, header >> 16, 0x20])
  }
  const full = Math.floor(blanks / zstdBlock)
  const blocks = Array.from({ length: full }, (_, at) => block(zstdBlock, at === full - 1 && bytes === 0))
  if (bytes > 0) blocks.push(block(bytes, true))
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, window]), ...blocks])
}

/** The longest block of zstd. (bytes) */
const zstdBlock = 2 ** 17

const line = (text: string) => (path: string) => writeFileSync(path, `${text}\n`)

export const cases: HostileCase[] = [
  data(
    'a line of 400 MB that does not end',
    'a.jsonl',
    path => {
      writeFileSync(path, '{"prompt": "')
      truncateSync(path, 400 * MB)
    },
    /row 1: the line is longer than 4194304 bytes/,
  ),
  data(
    'a row of 100 MB',
    'a.jsonl',
    path => repeated(path, 'x', 100 * MB, { before: '{"prompt":"', after: '","answer":"1","points":1,"total":1}\n' }),
    /row 1: the line is longer than 4194304 bytes/,
  ),
  data(
    'a row of 100 MB in a list',
    'a.json',
    path => repeated(path, 'x', 100 * MB, { before: '[{"prompt":"', after: '","answer":"1","points":1,"total":1}]' }),
    /row 1: the row is longer than 4194304 bytes/,
  ),
  data(
    'a list of 100 MB of one question',
    'a.json',
    path => repeated(path, `${good({ id: 'same' })},`, 1_500_000, { before: '[', after: good() }),
    /10001 of 10002 rows[\s\S]*the id same is a duplicate of row 1/,
  ),
  data('ten million rows', 'a.jsonl', path => repeated(path, '{}\n', 10_000_000), /the first 100 rows: no prompt/),
  data('a million empty rows', 'a.jsonl', path => repeated(path, '{}\n', 999_999), /the first 100 rows: no prompt/),
  data(
    'ten million values in a list',
    'a.json',
    path => repeated(path, '{},', 10_000_000, { before: '[', after: '{}]' }),
    /the first 100 rows: no prompt/,
  ),
  data(
    'two million values in a row',
    'a.json',
    path => repeated(path, '0,', 2_000_000, { before: '[{"choices":[', after: '0]}]' }),
    /row 1: the row holds more than 2000000 values/,
  ),
  data('a million lists in each other', 'a.json', line('['.repeat(1_000_000)), /the list does not end, after row 0/),
  data(
    'a hundred thousand in a row',
    'a.jsonl',
    line(`{"prompt":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
    /row 1: the row holds lists and objects nested/,
  ),
  data(
    'the same with a number that JSON lacks',
    'a.jsonl',
    line(`{"a":NaN,"prompt":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
    /row 1: the row holds lists/,
  ),
  data(
    '30 MB of lines before a mistake',
    'a.json',
    path => repeated(path, '\n', 30 * MB, { before: '[', after: 'x]' }),
    /row 1: the row is no JSON/,
  ),
  data(
    '30 MB that could be numbers',
    'a.json',
    path => repeated(path, '-N-I', 7 * MB, { before: '[' }),
    /the data file cannot be read/,
  ),
  data('bytes of zero', 'a.jsonl', path => writeFileSync(path, Buffer.alloc(3 * MB)), /neither JSON nor a table/),
  data(
    'bytes that are no UTF-8',
    'a.jsonl',
    path => writeFileSync(path, Buffer.alloc(MB, 0xff)),
    /neither JSON nor a table/,
  ),
  data(
    'a prototype as a row',
    'a.jsonl',
    line('{"__proto__": {"prompt": "1+1=", "answer": "2", "points": 1, "total": 2}}'),
    /no prompt/,
  ),
  data('a list of prototypes', 'a.json', line('[{"constructor": {"prototype": {"prompt": "x"}}}]'), /no prompt/),
  data(
    'an answer of a megabyte',
    'a.jsonl',
    line(good({ answer: '9'.repeat(MB) })),
    /the answer has 1048576 characters, at most 10000/,
  ),
  data(
    'a hundred thousand choices',
    'a.jsonl',
    line(good({ choices: Array.from({ length: 100_000 }, (_, index) => `${index}`) })),
    /100000 choices, at most 100/,
  ),
  data(
    'a name that steers the terminal',
    'a.jsonl',
    line(`${good({ id: '\u001b[2J\u202ex' })}\n${good({ id: '\u001b[2J\u202ex' })}`),
    /the id \\u001b\[2J\\u202ex is a duplicate/,
  ),
  data(
    'points beyond all numbers',
    'a.jsonl',
    line('{"prompt":"1","answer":"2","points":1e999999999,"total":1e999999999}'),
    /the points \(points\) is Infinity/,
  ),
  data(
    'a section for every item',
    'a.jsonl',
    path =>
      writeFileSync(
        path,
        Array.from({ length: 1000 }, (_, index) => good({ section: `s${index}`, exam: `e${index}` })).join('\n'),
      ),
    /too many sections/,
  ),
  data(
    'four gigabytes of blanks in gzip',
    'a.json.gz',
    path => packed(path, 'gzip', 4000),
    /gzip data that unpacks to more than 200 times its size/,
  ),
  data(
    'four gigabytes of blanks in zstd',
    'a.json.zst',
    path => packed(path, 'zstd', 4000),
    /zstd data that unpacks to more than 200 times its size/,
  ),
  data(
    'zstd that asks for two gigabytes',
    'a.zst',
    path => writeFileSync(path, zstdFrame({ window: 0xa8, bytes: 9 })),
    /a window of 2147483648 bytes, at most 134217728/,
  ),
  data(
    'the same in its second frame',
    'a.zst',
    path =>
      writeFileSync(path, Buffer.concat([zstdFrame({ window: 0, bytes: 9 }), zstdFrame({ window: 0xa8, bytes: 9 })])),
    /a window of 2147483648 bytes, at most 134217728/,
  ),
  data(
    'Parquet whose end is not its own',
    'a.json',
    path =>
      writeFileSync(
        path,
        Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(MB, 0x2d), Buffer.from('\xff\xff\x0f\0PAR1', 'latin1')]),
      ),
    /a Parquet file that cannot be read/,
  ),
  data('a pipe that nobody writes to', 'a.jsonl', path => execFileSync('mkfifo', [path]), /no regular file/),
  data('a folder', 'a.jsonl', path => mkdirSync(path), /a folder/),
  {
    name: 'a device without end',
    meet: () => prepare('/dev/zero'),
    outcome: { refused: 'DataInvalid', says: /no regular file/ },
  },
]
