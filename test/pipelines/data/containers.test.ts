/** The same rows in every container, as test/fixtures/data/make.mjs wrote them, and files of other kinds. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { readItems } from '../../../pipelines/data/files/read-items.js'
import type { Row } from '../../../pipelines/data/files/row.js'
import { rowsOf } from '../../../pipelines/data/files/rows.js'
import { WrittenNumber } from '../../../pipelines/data/files/written-number.js'
import { prepareData } from '../../../pipelines/data/prepare.js'
import { RlevError } from '../../../pipelines/errors.js'

const fixtures = new URL('../../../../test/fixtures/data/', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'rlev-containers-'))
after(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const read = (path: string) => readItems({ path, form: 'auto', idPrefix: 'row-' })

async function rowsIn(path: string, options: Parameters<typeof rowsOf>[1] = {}): Promise<Row['content'][]> {
  const found: Row['content'][] = []
  for await (const { content } of rowsOf(path, options)) found.push(content)
  return found
}

const plain = (items: Awaited<ReturnType<typeof read>>['items']) =>
  items.map(({ item }) => [item.id, item.prompt, item.answer, item.points, item.total, item.exam, item.section])

const expected = [
  ['9007199254740992', '1.05 + 0.05 = ?', '1.10', 2, 10, 'paper 1', 'sums'],
  ['9007199254740993', '2^64 = ?', '18446744073709551616', 3.5, 10, 'paper 1', 'powers'],
  ['3', '鸡兔同笼，头 35，足 94，鸡几只？', '23', 4.5, 10, 'paper 1', '应用题'],
  ['4', 'A "quoted", word;\nin two lines', 'yes, "it" is', 1, 5, 'paper 2', 'words'],
  ['5', '10^21 = ?', '1e21', 2, 5, 'paper 2', 'powers'],
  ['6', 'x \\times y = ?', '\\frac{1}{2}', 2, 5, 'paper 2', 'sums'],
]

const containers = readdirSync(fixtures).filter(name => !['make.mjs', 'under-a-key.json'].includes(name))

for (const name of containers) {
  test(`${name} has the six items, digits as written, whatever its name`, async () => {
    for (const path of [join(fixtures, name), join(folder, 'data.json'), join(folder, 'data.csv')]) {
      if (!path.startsWith(fixtures)) copyFileSync(join(fixtures, name), path)
      const { items, bad, warnings } = await read(path)
      assert.deepEqual([bad, warnings], [[], []])
      assert.deepEqual(plain(items), expected)
    }
  })
}

test('a list under a key is read if it is named, and refused once with the name if it is not', async () => {
  const path = join(fixtures, 'under-a-key.json')
  const rows = await rowsIn(path, { rows: 'example' })
  assert.equal(rows.length, 6)
  assert.deepEqual(
    'value' in (rows[1] ?? {}) && (rows[1] as { value: { id: unknown } }).value.id,
    new WrittenNumber('9007199254740993'),
  )
  await assert.rejects(read(path), /one object with a list of rows under `example`\n.*data\.fields: \{rows: example\}/)
  for (const text of [
    '{"data":[{"a":1}]}',
    '{"keywords":"k","data":[{"prompt":"p","answer":"a","points":1}]}',
    '{"data":[{"a":1}]}\n',
    '{\n  "n": {"data": [{}]},\n "data":\n [ {"a":[{}]},\n {} ]}',
  ]) {
    await assert.rejects(read(file('wrapped.json', text)), /list of rows under `data`/)
    assert.ok((await rowsIn(file('wrapped.json', text), { rows: 'data' })).length > 0)
  }
  // The keys of GAOKAO-Bench around other rows.
  const other = '{"keywords":"k","example":[{"prompt":"p","answer":"a","points":1,"total":2}]}'
  await assert.rejects(read(file('other.json', other)), /under `example`\n.*data\.fields: \{rows: example\}/)
  await assert.rejects(rowsIn(path, { rows: 'examples' }), /no such key; its first 4 MiB have name, example, pages/)
  await assert.rejects(rowsIn(path, { rows: 'name' }), /a value that is no list/)
  await assert.rejects(rowsIn(join(fixtures, 'list.json'), { rows: 'example' }), /a file that is not one object/)
})

test('one object over several lines is one row, with chat messages or not', async () => {
  const row = { prompt: [{ role: 'user', content: 'Why?' }], answer: '1', points: 1, total: 2 }
  for (const text of [JSON.stringify(row), JSON.stringify(row, null, 2)]) {
    assert.equal((await read(file('one.json', text))).items.length, 1)
  }
  await assert.rejects(
    read(file('several.json', [row, row].map(own => JSON.stringify(own, null, 2)).join('\n'))),
    /objects that go over several lines[\s\S]*jq -c/,
  )
})

const utf16 = Buffer.from('prompt,answer\n', 'utf16le')

for (const [name, content, says] of [
  ['a.json', 'PK\u0003\u0004....', /zip archive \(an Excel workbook/],
  ['a.csv', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]), /UTF-16/],
  ['a.csv', utf16, /UTF-16/],
  ['a.jsonl', '%PDF-1.7\n', /a PDF/],
  ['a.jsonl', '<!DOCTYPE html><html>', /a page of HTML/],
  [
    'a.parquet',
    'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
    /Git LFS pointer[\s\S]*git lfs pull/,
  ],
  ['a.parquet', 'PAR1 and no more', /a Parquet file that cannot be read/],
  ['a.json.gz', gzipSync('[{"a":1}]').subarray(0, 20), /gzip data that cannot be unpacked/],
  [
    'a.jsonl.zst',
    readFileSync(join(fixtures, 'lines.jsonl.zst')).subarray(0, 100),
    /zstd data that cannot be unpacked/,
  ],
  ['a.txt', 'just words\nand more\n', /neither JSON nor a table with a header: it begins with "just words/],
  ['a.csv', Buffer.from('prompt,answer\n\xc4\xe3,1\n', 'latin1'), /no UTF-8/],
  ['a.csv', 'prompt,answer,points,total,answer\na,1,1,1,2\n', /names the column "answer" twice: prompt \| answer/],
  ['a.csv', 'Prompt, prompt ,answer\na,1,1\n', /names the column "prompt" twice/],
] as const) {
  test(`${name} that is something else is refused in one sentence: ${says.source.slice(0, 40)}`, async () => {
    await assert.rejects(read(file(name, content)), (error: unknown) => {
      assert.ok(error instanceof RlevError)
      assert.equal(error.kind, 'DataInvalid')
      assert.match(error.message, says)
      assert.ok(error.message.length < 1500, error.message)
      return true
    })
  })
}

test('rows that all lack the same field are refused once, with the fields that they have', async () => {
  const rows = Array.from({ length: 20 }, (_, at) => JSON.stringify({ problem: `${at}+1`, gold: at + 1, marks: 2 }))
  await assert.rejects(read(file('other.jsonl', rows.join('\n'))), (error: unknown) => {
    assert.ok(error instanceof RlevError)
    assert.match(error.message, /other\.jsonl: all 20 rows: no prompt \(prompt\)/)
    assert.match(error.message, /the rows have problem, gold, marks/)
    assert.match(error.message, /data\.fields: \{prompt: /)
    assert.equal(error.message.match(/no prompt/g)?.length, 1)
    return true
  })
})

test('a table may have five options or more, and fewer in some rows', async () => {
  const table = 'id,question,A,B,C,D,E,answer\n1,Which?,a,b,c,d,e,B\n2,Which one?,a,b,c,d,e,E\n3,True?,yes,no,,,,A\n'
  for (const text of [table, table.replaceAll(',', '\t'), table.replaceAll(',', ';')]) {
    const { items, bad } = await read(file('options.csv', text))
    assert.deepEqual(bad, [])
    assert.deepEqual(
      items.map(({ item }) => [item.answer, item.choices?.length]),
      [
        ['B', 5],
        ['E', 5],
        ['A', 2],
      ],
    )
    assert.match(String(items[1]?.item.prompt), /\nE\. e\n/)
  }
})

test('half a surrogate pair is a bad row, a control character from LaTeX a warning with the number and three examples', async () => {
  const row = (prompt: string, at: number) => `{"prompt":"${prompt}","answer":"1","points":1,"total":9,"exam":"e${at}"}`
  const prompts = [
    '$\\bar x$',
    '$\\frac12$',
    '$a \\times b$',
    'a\\nneq',
    'fine\\n\\tindented',
    '$x \\neq 1$',
    '\\ud83d',
  ]
  const { items, bad, warnings } = await read(file('latex.jsonl', prompts.map(row).join('\n')))
  assert.equal(items.length, 6)
  assert.match(bad[0]?.reason ?? '', /half a surrogate pair \(\\ud83d\) in "prompt"/)
  assert.equal(warnings.length, 1)
  assert.match(
    warnings[0]?.reason ?? '',
    /^4 rows have a control character.*row 1 \(prompt: .*; row 2 .*; row 3 .*; \.\.\.$/,
  )
})

test('a question that is trained on and tested in another exam is warned about, with the number', async () => {
  const row = (exam: string, prompt: string) => ({ exam, prompt, answer: '1', points: 1, total: 9 })
  const train = file('train.jsonl', [row('a', 'p'), row('a', 'q')].map(own => JSON.stringify(own)).join('\n'))
  const other = file('test.jsonl', [row('b', 'p '), row('b', 'r')].map(own => JSON.stringify(own)).join('\n'))
  const settings = { source: 'file', form: 'auto', testShare: 0.5, splitSeed: 1, onBadRow: 'stop' } as const
  const two = await prepareData({ ...settings, train, test: other }, { seed: 1 })
  assert.deepEqual(two.warnings, [
    {
      place: other,
      reason: '1 of 2 test items ask a question that is trained on: test-row-000001 of b is row-000001 of a',
    },
  ])
  const both = file('both.jsonl', `${readFileSync(train, 'utf8')}\n${readFileSync(other, 'utf8')}`)
  assert.match((await prepareData({ ...settings, train: both }, { seed: 1 })).warnings[0]?.reason ?? '', /^1 of 2 test/)
})

/** In a separate process: where a test runs, node:test follows each of the million promises. */
test('more than a million rows are refused', () => {
  const path = file('many.json', `[${'0,'.repeat(1_000_000)}0]`)
  const rows = new URL('../../../pipelines/data/files/rows.js', import.meta.url).href
  const source = `
    import { rowsOf } from ${JSON.stringify(rows)}
    let found = 0
    try {
      for await (const _ of rowsOf(${JSON.stringify(path)})) found++
      console.log(found, 'rows')
    } catch (error) {
      console.log(found, error.constructor.name, error.message)
    }`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
    encoding: 'utf8',
  })
  assert.match(stdout, /^\d{6} RlevError [\s\S]*more than 1000000 rows/, stderr)
})
