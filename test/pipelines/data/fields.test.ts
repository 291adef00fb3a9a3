/** `data.fields`: what the columns of any file mean. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type ReadOptions, readItems } from '../../../pipelines/data/files/read-items.js'
import { RlevError } from '../../../pipelines/errors.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-fields-'))
after(() => rmSync(folder, { recursive: true }))

let files = 0
function file(content: string | readonly object[], extension = 'jsonl'): string {
  const path = join(folder, `rows-${++files}.${extension}`)
  writeFileSync(path, typeof content === 'string' ? content : content.map(row => JSON.stringify(row)).join('\n'))
  return path
}

async function read(content: string | readonly object[], options: Partial<ReadOptions> & { extension?: string } = {}) {
  const path = file(content, options.extension)
  const { items, ...rest } = await readItems({ form: 'auto', idPrefix: 'row-', ...options, path })
  return { ...rest, items: items.map(({ item }) => item) }
}

async function refusal(run: Promise<unknown>): Promise<RlevError> {
  const error = await run.then(
    () => assert.fail('it is read'),
    (cause: unknown) => cause,
  )
  assert.ok(error instanceof RlevError)
  return error
}

const plain = { id: '1', prompt: '1+1', answer: '2', points: 2, total: 10, exam: 'e' }

test('the plain form wins where its columns are, whatever other columns there are', async () => {
  for (const more of [
    { label: 'easy' },
    { score: 0.9 },
    { question_id: 7, options: [] },
    { query: 'x', label: '3', score: 9 },
    { question: 'other', A: 'a', B: 'b' },
    { solution: '\\boxed{3}', reward_model: { ground_truth: '3' }, data_source: 'x' },
    { problem: 'x', exam_id: 'f' },
  ]) {
    const { items, form } = await read([{ ...plain, ...more }])
    assert.equal(form, 'plain')
    const [item] = items
    assert.deepEqual([item?.prompt, item?.answer, item?.points, item?.exam], ['1+1', '2', 2, 'e'], JSON.stringify(more))
  }
})

test('rows with other names are refused once, with their names and a mapping that would read them', async () => {
  const rows = Array.from({ length: 20 }, (_, row) => ({ problem: `${row}+1`, gold: String(row + 1), marks: 2 }))
  const error = await refusal(read(rows))
  assert.equal(error.kind, 'DataInvalid')
  assert.match(error.message, /all 20 rows: no prompt/)
  assert.match(error.parts.found ?? '', /problem, gold, marks/)
  assert.match(error.parts.remedy ?? '', /data\.fields: \{prompt: problem, answer: gold, points: marks, total: 100\}/)
  assert.equal(error.message.split('\n').filter(line => line.includes('no prompt')).length, 1)
  const { items } = await read(rows, { fields: { prompt: 'problem', answer: 'gold', points: 'marks', total: 100 } })
  assert.equal(items.length, 20)
  assert.deepEqual([items[3]?.prompt, items[3]?.answer, items[3]?.points, items[3]?.total], ['3+1', '4', 2, 100])
})

test('a path reaches into objects and lists, and a column of that very name comes first', async () => {
  const row = {
    q: { text: ['first', 'second'] },
    reward_model: { ground_truth: 7 },
    'meta.points': 3,
    meta: { points: 9 },
  }
  const { items } = await read([row], {
    fields: { prompt: 'q.text.1', answer: 'reward_model.ground_truth', points: 'meta.points', total: 10 },
  })
  assert.deepEqual([items[0]?.prompt, items[0]?.answer, items[0]?.points], ['second', '7', 3])
})

test('a blank column that may be missing is missing, and one that is needed makes the row bad', async () => {
  const optional = { working: ' \n', section: '\u3000', exam: ' ', id: '\t', negative: ' ', choices: ' ' }
  const rows = [
    { ...plain, ...optional },
    { ...plain, id: '2', answer: ' ' },
    { ...plain, id: '3', points: ' ' },
  ]
  const { items, bad } = await read(rows)
  const [item, ...others] = items
  assert.deepEqual(others, [])
  assert.deepEqual(
    [item?.working, item?.section, item?.negative, item?.choices, item?.id],
    [undefined, 'all', undefined, undefined, 'row-000001'],
  )
  assert.match(item?.exam ?? '', /^question-/)
  assert.deepEqual(
    bad.map(({ reason }) => reason),
    ['no answer (answer)', 'no points (points)'],
  )
})

test('a GAOKAO row with a blank analysis has no working', async () => {
  const row = { year: '2019', category: 'I', question: 'q', answer: ['A'], score: 5, index: 0 }
  const example = [
    { ...row, analysis: ' ' },
    { ...row, index: 1, analysis: 'so A' },
  ]
  const { items, bad } = await read(JSON.stringify({ keywords: 'Math', example }), { extension: 'json' })
  assert.deepEqual(bad, [])
  assert.deepEqual(
    items.map(({ working }) => working),
    [undefined, 'so A'],
  )
})

test('a column that no row has is refused with the nearest name', async () => {
  const row = { problem: 'p', gold: 'g', marks: 1, kind: 'x' }
  const fields = { prompt: 'problem', answer: 'gold', points: 'marks', total: 10 }
  for (const [changes, key, meant] of [
    [{ prompt: 'problm' }, 'prompt', 'problem'],
    [{ section: 'kinds' }, 'section', 'kind'],
    [{ negative: 'mark' }, 'negative', 'marks'],
    [{ points: { by: 'knd', x: 2 } }, 'points', 'kind'],
  ] as const) {
    const error = await refusal(read([row, row], { fields: { ...fields, ...changes } }))
    assert.equal(error.kind, 'DataInvalid')
    assert.match(`${error.message} ${error.parts.remedy}`, new RegExp(`${key}.*${meant}`, 's'))
    assert.match(error.parts.found ?? '', /problem, gold, marks, kind/)
  }
})

test('points by a table, totals as a sum, by exam or by another column, exams of several columns', async () => {
  const rows = [
    { question: 'a', gold: '1', type: 'MCQ', year: 2020, paper: 'I' },
    { question: 'b', gold: '2', type: 'Numeric', year: 2020, paper: 'I' },
    { question: 'c', gold: '3', type: 'MCQ', year: 2021, paper: 'II' },
    { question: 'd', gold: '4', type: 'Essay', year: 2021, paper: 'II' },
  ]
  const fields = {
    prompt: 'question',
    answer: 'gold',
    points: { by: 'type', MCQ: 3, Numeric: 4 },
    exam: ['year', 'paper'],
    section: 'type',
  }
  const summed = await read(rows, { fields: { ...fields, total: { sumOf: 'exam' } } })
  assert.deepEqual(
    summed.items.map(({ exam, section, points, total }) => [exam, section, points, total]),
    [
      ['2020 I', 'MCQ', 3, 7],
      ['2020 I', 'Numeric', 4, 7],
      ['2021 II', 'MCQ', 3, 3],
    ],
  )
  assert.match(
    summed.bad[0]?.reason ?? '',
    /no points: the table data\.fields\.points has no number for "Essay" \(type\)/,
  )
  const byExam = await read(rows, { fields: { ...fields, total: { '2020 I': 150, '2021 II': 300 } } })
  assert.deepEqual(
    byExam.items.map(({ total }) => total),
    [150, 150, 300],
  )
  const byYear = await read(rows, { fields: { ...fields, total: { by: 'year', 2020: 50, 2021: 60 } } })
  assert.deepEqual(
    byYear.items.map(({ total }) => total),
    [50, 50, 60],
  )
})

test('a sum counts the points of rows that cannot be used: they are part of the paper', async () => {
  const rows = [
    { ...plain, id: 'a', points: 0.1, total: undefined },
    { ...plain, id: 'b', points: 0.2, total: undefined },
    { ...plain, id: 'c', points: 0.7, total: undefined, answer: '' },
  ]
  const { items, bad } = await read(rows, { fields: { total: { sumOf: 'exam' } } })
  assert.deepEqual(
    items.map(({ total }) => total),
    [1, 1],
  )
  assert.equal(bad.length, 1)
})

test('options in columns or in a list come into the prompt by letter; the last columns may be empty', async () => {
  const table = 'q,A,B,C,D,key\nWhich is red?,grass,blood,,,B\nWhich is even?,1,3,5,6,D\n'
  const fields = { prompt: 'q', answer: 'key', points: 2, total: 10, choices: ['A', 'B', 'C', 'D'] }
  const { items } = await read(table, { extension: 'csv', fields })
  assert.deepEqual(items[0]?.choices, ['grass', 'blood'])
  assert.equal(items[1]?.prompt, 'Which is even?\nA. 1\nB. 3\nC. 5\nD. 6\nAnswer with the letter of the right option.')
  const listed = await read([{ q: '哪个是红的？', key: 'B', options: ['草', '血'] }], {
    fields: { ...fields, choices: 'options' },
  })
  assert.equal(listed.items[0]?.prompt, '哪个是红的？\nA. 草\nB. 血\n请只用正确选项的字母作答。')
})

test('a table with five options is read, in any letter case and with blanks in its header', async () => {
  const text = ' ID , Question, A, B, C, D, E, Answer\n1,Which?,v,w,x,y,z,B\n2,Which one?,v,w,x,y,z,E\n'
  const { items, form, bad } = await read(text, { extension: 'csv' })
  assert.deepEqual([form, bad], ['c-eval', []])
  assert.deepEqual(
    items.map(({ id, answer, choices }) => [id, answer, choices?.length]),
    [
      ['1', 'B', 5],
      ['2', 'E', 5],
    ],
  )
  assert.match(items[1]?.prompt as string, /\nE\. z\n/)
})

test('points as people write them', async () => {
  for (const [written, points] of [
    [2.5, 2.5],
    ['2.5', 2.5],
    ['5', 5],
    ['5 分', 5],
    ['5分', 5],
    ['１２分', 12],
    ['1/2', 0.5],
    ['½', 0.5],
    ['2½ points', 2.5],
    ['（6分）', 6],
    ['[3 marks]', 3],
    ['1 pt', 1],
    [' 4 ', 4],
  ] as const) {
    const { items, bad } = await read([{ ...plain, points: written, total: 20 }])
    assert.equal(items[0]?.points, points, `${written}: ${bad[0]?.reason}`)
  }
  for (const written of ['1,5', 'five', '5-6', '', '3 4', '1/0', '0x10', true, [5]]) {
    const rows = [plain, { ...plain, id: '2', points: written }]
    const { bad } = await read(rows)
    assert.match(bad[0]?.reason ?? '', /points/, String(written))
  }
})

test('points that the question contradicts are warned about by row', async () => {
  const of = async (prompt: string, points: number) => (await read([{ ...plain, prompt, points }])).warnings
  const [warning] = await of('1．（6分）下列有关细胞的叙述，正确的是（　　）', 3)
  assert.match(warning?.reason ?? '', /points 3, and the question says 6/)
  assert.match(`${warning?.place} ${warning?.reason}`, /row 1/)
  for (const [prompt, points] of [
    ['1．（6分）下列有关细胞的叙述', 6],
    ['2. [5 points]: How many inodes?', 5],
    ['（本小题满分8分）（1）求 a（3分）（2）求 b（5分）', 8],
    ['（1）求 a（3分）（2）求 b（5分）', 8],
    ['每小题（每空1分，共6分）', 6],
    ['A test of (10 分钟) and (5 minutes) at (3, 4)', 2],
    ['fill(circle, linewidth(0.7pt))', 2],
  ] as const) {
    assert.deepEqual(await of(prompt, points), [], prompt)
  }
})

test('a field that takes points away and is not used is warned about once', async () => {
  const rows = [1, 2, 3].map(id => ({ ...plain, id: String(id), negative: -1 }))
  const { warnings, items } = await read(rows)
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]?.reason ?? '', /3 rows have negative.*data\.fields: \{negative: negative\}.*row 1 \(-1\)/)
  assert.equal(items[0]?.negative, undefined)
  for (const [column, used] of [
    ['negative_marks', 1],
    ['penalty', '1/2'],
    ['Deduction', -1],
  ] as const) {
    const row = { ...plain, [column]: used }
    assert.equal((await read([row])).warnings.length, 1, column)
    const mapped = await read([row], { fields: { negative: column } })
    assert.deepEqual([mapped.warnings, mapped.items[0]?.negative], [[], used === '1/2' ? 0.5 : 1])
  }
  assert.deepEqual((await read([{ ...plain, negative: 0, penalty: null }])).warnings, [])
})

test('bonus points: refused, worth the total, or more than it', async () => {
  const row = { ...plain, points: 12, total: 10 }
  const read1 = async (bonus?: 'refuse' | 'clip' | 'allow') => read([row], bonus === undefined ? {} : { bonus })
  const { bad } = await read1()
  assert.match(bad[0]?.reason ?? '', /12, more than the total of 10.*value\.bonus/)
  const clipped = (await read1('clip')).items[0]
  assert.deepEqual([clipped?.points, clipped?.total], [10, 10])
  const allowed = (await read1('allow')).items[0]
  assert.deepEqual([allowed?.points, allowed?.total], [12, 10])
})

test('the columns of a form can be changed one by one', async () => {
  const row = { description: 'Mock', index: 1, type: 'Numeric', question: 'q', gold: '4.47' }
  const { items, form } = await read([row], { fields: { points: { by: 'type', Numeric: 4 }, total: 180 } })
  assert.deepEqual([form, items[0]?.points, items[0]?.total, items[0]?.answer], ['jeebench', 4, 180, '4.47'])
})

test('a published set that has points in this file keeps them', async () => {
  const { items } = await read('question,A,B,answer,points,total,exam\nWhich?,x,y,A,3,20,May\n', { extension: 'csv' })
  assert.deepEqual([items[0]?.points, items[0]?.total, items[0]?.exam], [3, 20, 'May'])
})
