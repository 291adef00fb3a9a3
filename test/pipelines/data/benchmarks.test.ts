/** Rows as the benchmarks publish them, with our own questions. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readItems } from '../../../pipelines/data/files/read-items.js'
import { verify } from '../../../pipelines/rewards/verify.js'
import { plainRules } from '../rewards/plain-rules.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-benchmarks-'))
after(() => rmSync(folder, { recursive: true }))

function read(name: string, content: string) {
  const path = join(folder, name)
  writeFileSync(path, content)
  return readItems({ path, form: 'auto', idPrefix: 'row-' })
}

const rows = (...values: object[]) => values.map(value => JSON.stringify(value)).join('\n')

const superGpqa = {
  uuid: 'a1',
  question: 'Which planet is the largest?',
  options: ['Mars', 'Jupiter', 'Venus', 'Earth', 'Saturn'],
  answer: 'Jupiter',
  answer_letter: 'B',
  discipline: 'Science',
  field: 'Astronomy',
  difficulty: 'easy',
}
const mmluPro = {
  question_id: 70,
  question: 'What is 2 + 2?',
  options: ['3', '4', '5'],
  answer: 'B',
  answer_index: 1,
  category: 'math',
}
const cEval =
  'id,question,A,B,C,D,answer,explanation\n0,"一加一等于____",一,二,三,四,B,\n1,"哪个是""水果""?",铁,石,"苹果,红的",木,C,甜\n'
const gpqa =
  'Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3,High-level domain,Record ID\n"How many, then?",seven ,six,five,four,Physics,rec1\n'

test('SuperGPQA and MMLU-Pro: options by letter, the answer a letter, the discipline or category the section', async () => {
  const [item] = (await read('super.jsonl', rows(superGpqa))).items.map(one => one.item)
  assert.equal(
    item?.prompt,
    'Which planet is the largest?\nA. Mars\nB. Jupiter\nC. Venus\nD. Earth\nE. Saturn\nAnswer with the letter of the right option.',
  )
  assert.deepEqual([item.id, item.section, item.answer, item.points / item.total], ['a1', 'Science', 'B', 0.01])
  const [other] = (await read('pro.jsonl', rows(mmluPro))).items.map(one => one.item)
  assert.deepEqual([other?.id, other?.section, other?.answer, other?.choices], ['70', 'math', 'B', ['3', '4', '5']])
})

test('C-Eval as a table: quoted commas and quotes, and an instruction in its language', async () => {
  const items = (await read('c-eval.csv', cEval)).items.map(one => one.item)
  assert.equal(items.length, 2)
  assert.match(items[0]?.prompt as string, /^一加一等于____\nA\. 一\nB\. 二\nC\. 三\nD\. 四\n请/)
  assert.deepEqual(items[1]?.choices, ['铁', '石', '苹果,红的', '木'])
  assert.match(items[1]?.prompt as string, /哪个是"水果"\?/)
})

test('GPQA: the right answer is among the others, where the question alone decides', async () => {
  const [item] = (await read('gpqa.csv', gpqa)).items.map(one => one.item)
  assert.ok(item?.choices !== undefined)
  assert.deepEqual([...item.choices].sort(), ['five', 'four', 'seven', 'six'])
  assert.equal(item.choices[item.answer.charCodeAt(0) - 65], 'seven')
  assert.deepEqual((await read('again.csv', gpqa)).items[0]?.item, item)
  const places = new Set<string | undefined>()
  for (let index = 0; index < 40; index++) {
    const { items } = await read(`g${index}.csv`, gpqa.replace('then', `then ${index}`))
    places.add(items[0]?.item.answer)
  }
  assert.equal(places.size, 4)
})

test('a letter or the text of the option is the right answer, another is not', async () => {
  const [item] = (await read('verified.jsonl', rows(superGpqa))).items.map(one => one.item)
  assert.ok(item !== undefined)
  const verdict = (text: string) =>
    verify({
      response: { text, finish: 'stop' },
      item,
      reward: { ...plainRules, verifier: 'choice', answer: 'whole' },
    }).verdict
  assert.deepEqual(['B', '(b)', 'Jupiter', 'C', 'Mars'].map(verdict), [
    'correct',
    'correct',
    'correct',
    'wrong',
    'wrong',
  ])
})

test('rows that are no questions are named with what is missing', async () => {
  const { items, bad } = await read(
    'bad.jsonl',
    rows(
      superGpqa,
      { ...superGpqa, uuid: 'a2', answer_letter: 'F' },
      { ...superGpqa, uuid: 'a3', options: ['one'] },
      {
        ...superGpqa,
        uuid: 'a4',
        question: ' ',
      },
    ),
  )
  assert.equal(items.length, 1)
  assert.deepEqual(
    bad.map(({ reason }) => reason),
    [
      'the answer is "F", a letter from A to E is expected',
      'no options, two or more are expected',
      'no prompt (question is blank)',
    ],
  )
  const table = await read('short.csv', `${cEval}2,nothing,A\n`)
  assert.deepEqual(
    [table.items.length, table.bad.map(({ reason }) => reason)],
    [2, ['the row has 3 cells, the header 8']],
  )
})

test('a table whose quotes do not close is told as a whole', async () => {
  await assert.rejects(read('open.csv', 'question,A,B,C,D,answer\n"never closed,1,2,3,4,A\n'), { kind: 'DataInvalid' })
})
