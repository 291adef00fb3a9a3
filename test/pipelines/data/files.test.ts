/** Data files as items: rows that cannot be used are named, and the others come through as they are. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readItems } from '../../../pipelines/data/files/read-items.js'
import { prepareData } from '../../../pipelines/data/prepare.js'
import { RlevError } from '../../../pipelines/errors.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-files-'))
after(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const settings = { source: 'file', form: 'auto', testShare: 0.1, splitSeed: 1, onBadRow: 'stop' } as const
const good = (row: number) => ({
  query: [
    { role: 'system', content: 'Answer the question.' },
    { role: 'user', content: `问题 ${row}：${row} 加 1 等于多少？` },
  ],
  label: String(row + 1),
  score: (row % 5) + 0.5,
  total: 100,
})

/** Twenty rows that cannot be used, by row, with a part of the reason that each must be given. */
const badRows = new Map<number, { text: string; reason: RegExp }>(
  (
    [
      [{ ...good(3), label: undefined }, /no answer \(label\)/],
      [{ ...good(3), label: '' }, /no answer/],
      [{ ...good(3), label: '   ' }, /no answer/],
      [{ ...good(3), label: null }, /no answer/],
      [{ ...good(3), label: ['4'] }, /answer \(label\) is a list/],
      [{ ...good(3), query: undefined }, /no prompt/],
      [{ ...good(3), query: [{ role: 'user', content: '  ' }] }, /no prompt/],
      [{ ...good(3), query: [{ role: 'user' }] }, /message 1 of the prompt/],
      [{ ...good(3), score: 0 }, /points \(score\) are 0/],
      [{ ...good(3), score: -2 }, /points \(score\) are -2/],
      [{ ...good(3), score: 101 }, /101, more than the total of 100/],
      [{ ...good(3), total: 0 }, /total is 0/],
      [{ ...good(3), score: '5,5' }, /points \(score\) is text "5,5", a number is expected/],
      [{ ...good(3), total: 'hundred' }, /total \(total\) is text "hundred"/],
      [{ ...good(3), score: undefined }, /no points/],
      [JSON.stringify(good(3)).replace('"score":3.5', '"score":NaN'), /points \(score\) is NaN/],
      [JSON.stringify(good(3)).replace('"total":100', '"total":Infinity'), /total \(total\) is Infinity/],
      [JSON.stringify({ ...good(3), id: 'twice' }), /the id twice is a duplicate of row 5/],
      ['{"query": "1+1=", "label": ', /no JSON/],
      ['[1, 2]', /a list, an object is expected/],
    ] as const
  ).map(([row, reason], index) => [
    index * 48 + 17,
    { text: typeof row === 'string' ? row : JSON.stringify(row), reason },
  ]),
)

function publicRow(row: number): string {
  return badRows.get(row)?.text ?? JSON.stringify(row === 5 ? { ...good(row), id: 'twice' } : good(row))
}

const thousand = Array.from({ length: 1000 }, (_, index) => publicRow(index + 1))

test('of 1,000 rows in the public form, all 20 bad ones are named, each with its row and reason', async () => {
  const train = file('public.jsonl', `${thousand.join('\n')}\n`)
  assert.equal(badRows.size, 20)
  await assert.rejects(prepareData({ ...settings, train }, { seed: 1 }), (error: unknown) => {
    assert.ok(error instanceof RlevError)
    assert.equal(error.kind, 'DataInvalid')
    assert.match(error.message, /20 of 1000 rows/)
    assert.match(error.parts.remedy ?? '', /onBadRow: skip/)
    for (const [row, { reason }] of badRows) {
      const line = error.message.split('\n').find(text => text.includes(`public.jsonl row ${row}:`))
      assert.match(line ?? '', reason, `row ${row}`)
    }
    return true
  })
})

test('with onBadRow skip the bad rows are left out and returned, and every other row is an item', async () => {
  const train = file('skipped.jsonl', thousand.join('\r\n'))
  const {
    train: trained,
    test: tested,
    skipped,
  } = await prepareData({ ...settings, train, onBadRow: 'skip' }, { seed: 1 })
  assert.deepEqual(
    skipped.map(({ place }) => place),
    [...badRows.keys()].map(row => `${train} row ${row}`),
  )
  for (const [index, { reason }] of [...badRows.values()].entries()) assert.match(skipped[index]?.reason ?? '', reason)
  const ids = [...trained, ...tested].map(({ id }) => id)
  assert.equal(new Set(ids).size, 980)
  assert.ok(ids.includes('twice') && ids.includes('row-000004') && ids.includes('row-001000'))
})

test('a JSON list holds the same items as its rows a line', async () => {
  const rows = thousand.filter((_, index) => !badRows.has(index + 1))
  const asLines = await readItems({ path: file('same.jsonl', rows.join('\n')), form: 'auto', idPrefix: 'row-' })
  const asList = await readItems({
    path: file('same.json', `[\n${rows.join(',\n')}\n]`),
    form: 'rlev',
    idPrefix: 'row-',
  })
  assert.deepEqual(asList.items, asLines.items)
  assert.equal(asList.rows, 980)
})

test('in a JSON list a row with NaN is named and does not spoil the others', async () => {
  const path = file(
    'nan.json',
    '[{"query":"NaN is a word","label":"a","score":NaN,"total":1},{"query":"b","label":"b","score":1,"total":-Infinity},{"query":"NaN","label":"Infinity","score":1,"total":2}]',
  )
  const { items, bad } = await readItems({ path, form: 'auto', idPrefix: 'row-' })
  assert.deepEqual(
    bad.map(({ reason }) => reason),
    [
      'the points (score) is NaN, a finite number is expected',
      'the total (total) is -Infinity, a finite number is expected',
    ],
  )
  assert.deepEqual([items[0]?.item.prompt, items[0]?.item.answer], ['NaN', 'Infinity'])
})

test('Chinese in either form comes through unchanged, with a byte order mark or without', async () => {
  const row = {
    prompt: '“鸡兔同笼”，头 35，足 94，鸡几只？𠮷',
    answer: '２３只',
    points: 12,
    total: 150,
    exam: '期末考试（甲）',
    section: '应用题',
    choices: ['２３只', '１２只'],
    working: '94−70＝24',
  }
  for (const mark of ['', '\ufeff']) {
    for (const text of [JSON.stringify(row), JSON.stringify([row])]) {
      const path = file('chinese.json', mark + text)
      const { items, bad } = await readItems({ path, form: 'auto', idPrefix: 'row-' })
      assert.deepEqual(bad, [])
      assert.deepEqual(items[0]?.item, { ...row, id: 'row-000001', weight: 1 })
    }
  }
})

test('bytes that are no UTF-8 are a bad row, not an answer with replacement characters', async () => {
  const bytes = Buffer.concat([
    Buffer.from('{"prompt":"'),
    Buffer.from([0xb5, 0xda]),
    Buffer.from('","answer":"1","points":1,"total":1}\n'),
  ])
  const { bad } = await readItems({ path: file('gbk.jsonl', bytes), form: 'plain', idPrefix: 'row-' })
  assert.match(bad[0]?.reason ?? '', /UTF-8/)
})

test('a row of a JSON list that is no JSON is one bad row; a list that breaks off is told with its line', async () => {
  const rows = ['{"prompt":"1+1=","answer":"2","points":1,"total":2}', '{"prompt" "2+2="}']
  const { items, bad } = await readItems({
    path: file('broken.json', `[\n${rows.join(',\n')}\n]`),
    form: 'auto',
    idPrefix: 'row-',
  })
  assert.equal(items.length, 1)
  assert.match(bad[0]?.reason ?? '', /no JSON \(a colon after the key is expected at character 11, found "\\"2\+2=/)
  await assert.rejects(
    readItems({ path: file('cut.json', `[\n${rows[0]},\n  {"prompt": "2+2=`), form: 'auto', idPrefix: 'row-' }),
    /cut\.json:3: the data file cannot be read[\s\S]*the list does not end, after row 1/,
  )
})

test('a file that is not there is told by name', async () => {
  await assert.rejects(readItems({ path: join(folder, 'absent.jsonl'), form: 'auto', idPrefix: '' }), {
    name: 'RlevError',
    kind: 'DataInvalid',
    message: /absent\.jsonl/,
  })
})

test('a test file may not share an exam, a question or an id with the training file', async () => {
  const row = (prompt: string, more: object = {}) =>
    JSON.stringify({ prompt, answer: '1', points: 1, total: 2, ...more })
  const train = file('train.jsonl', [row('a', { exam: 'first' }), row('b'), row('c', { id: 'taken' })].join('\n'))
  const path = file(
    'test.jsonl',
    [row('d', { exam: 'first' }), row('b'), row('e', { id: 'taken' }), row('f')].join('\n'),
  )
  const { test: tested, skipped } = await prepareData({ ...settings, train, test: path, onBadRow: 'skip' }, { seed: 1 })
  assert.deepEqual(
    tested.map(({ prompt }) => prompt),
    ['f'],
  )
  assert.deepEqual(
    skipped.map(({ place }) => place),
    [1, 2, 3].map(number => `${path} row ${number}`),
  )
})

test('without usable rows on either side the run is refused', async () => {
  const path = file('single.jsonl', JSON.stringify({ prompt: 'a', answer: '1', points: 1, total: 2, exam: 'only' }))
  await assert.rejects(prepareData({ ...settings, train: path }, { seed: 1 }), {
    kind: 'DataInvalid',
    message: /no test items/,
  })
})
