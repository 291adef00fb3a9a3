/** Data files: lines and lists without end, JSON that multiplies or overflows, invalid rows, paths that are not files. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
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
  return prepareData(config, { seed: 1 }).train.length
}

/** The text so often, without holding all of it. */
function repeated(path: string, text: string, count: number, { before = '', after = '' } = {}): void {
  const file = openSync(path, 'w')
  const block = Math.max(1, Math.floor(MB / text.length))
  const whole = text.repeat(block)
  writeSync(file, before)
  for (let left = count; left > 0; left -= block) writeSync(file, left >= block ? whole : text.repeat(left))
  writeSync(file, after)
  closeSync(file)
}

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
    'a list of 100 MB',
    'a.json',
    path => repeated(path, `${good()},`, 1_700_000, { before: '[', after: good() }),
    /\d+ bytes, at most/,
  ),
  data('ten million rows', 'a.jsonl', path => repeated(path, '{}\n', 10_000_000), /more than 1000000 lines/),
  data(
    'a million empty rows',
    'a.jsonl',
    path => repeated(path, '{}\n', 999_999),
    /10001 of 10001 rows[\s\S]*and \d+ more/,
  ),
  data(
    'ten million values in a list',
    'a.json',
    path => repeated(path, '{},', 10_000_000, { before: '[', after: '{}]' }),
    /more than 2000000 values/,
  ),
  data('a million lists in each other', 'a.json', line('['.repeat(1_000_000)), /nested more than 50 deep/),
  data(
    'a hundred thousand in a row',
    'a.jsonl',
    line(`{"prompt":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
    /row 1: the line holds lists and objects nested/,
  ),
  data(
    'the same with a number that JSON lacks',
    'a.jsonl',
    line(`{"a":NaN,"prompt":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
    /row 1: the line holds lists/,
  ),
  data(
    '30 MB of lines before a mistake',
    'a.json',
    path => repeated(path, '\n', 30 * MB, { before: '[', after: 'x]' }),
    /the data file cannot be read/,
  ),
  data(
    '30 MB that could be numbers',
    'a.json',
    path => repeated(path, '-N-I', 7 * MB, { before: '[' }),
    /the data file cannot be read/,
  ),
  data('bytes of zero', 'a.jsonl', path => writeFileSync(path, Buffer.alloc(3 * MB)), /row 1: the line is no JSON/),
  data(
    'bytes that are no UTF-8',
    'a.jsonl',
    path => writeFileSync(path, Buffer.alloc(MB, 0xff)),
    /row 1: the line is no UTF-8/,
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
  data('a pipe that nobody writes to', 'a.jsonl', path => execFileSync('mkfifo', [path]), /no regular file/),
  data('a folder', 'a.jsonl', path => mkdirSync(path), /a folder/),
  {
    name: 'a device without end',
    meet: () => prepare('/dev/zero'),
    outcome: { refused: 'DataInvalid', says: /no regular file/ },
  },
]
