/** Rows of our making in every published form. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { formNames } from '../../../pipelines/config/sections/exam-files.js'
import { readItems } from '../../../pipelines/data/files/read-items.js'
import { formsPage } from '../../../scripts/forms-page.js'

const folder = 'test/fixtures/forms'
const itemsOf = async (file: string) => {
  const { items, ...rest } = await readItems({ path: join(folder, file), form: 'auto', idPrefix: 'row-' })
  return { ...rest, items: items.map(({ item }) => item) }
}

test('every form is told by the rows of its fixture, and has one', async () => {
  const told = new Map<string, string>()
  for (const file of readdirSync(folder)) told.set(file, (await itemsOf(file)).form)
  assert.deepEqual([...new Set(told.values())].sort(), [...formNames].sort())
  for (const [file, form] of told) assert.equal(file.replace(/(-500)?\.\w+$/, ''), form)
})

test('GAOKAO-Bench: an exam is a year and a paper, written in several ways; the total is that of the subject', async () => {
  const { items, bad, warnings } = await itemsOf('gaokao-bench.json')
  assert.deepEqual(
    items.map(({ exam, answer, points, total }) => [exam, answer, points, total]),
    [
      ['2019 新课标i', 'A', 5, 150],
      ['2019 新课标i', 'C', 5, 150],
      ['2020 全国甲', 'D', 5, 150],
    ],
  )
  assert.match(items[0]?.working ?? '', /解集/)
  assert.deepEqual(
    bad.map(({ reason }) => reason),
    ['the answer (answer) is a list of 2 for a group of questions, one is expected'],
  )
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]?.reason ?? '', /row 3 \(points 5, and the question says 6\)/)
})

test('AGIEval: passage, question and options make the prompt; a passage is an exam; letters of a list are one answer', async () => {
  const { items } = await itemsOf('agieval.jsonl')
  const [first, second, third, fourth] = items
  assert.match(
    first?.prompt as string,
    /^Four books.*\nWhich order is possible\?\nA\. green, red, blue, white\nB\. red/s,
  )
  assert.equal(first?.exam, second?.exam)
  assert.notEqual(first?.exam, third?.exam)
  assert.deepEqual([first?.answer, third?.answer, fourth?.answer], ['B', 'AC', '7'])
  assert.deepEqual(third?.choices, ['2', '3', '4', '5'])
  assert.match(third?.prompt as string, /D\. 5\n请只用/)
  assert.equal(fourth?.prompt, '若 $2a=14$, 则 $a=$')
})

test('JEEBench: points and deductions of the usual marking; the total is the sum of the paper', async () => {
  const { items } = await itemsOf('jeebench.json')
  assert.deepEqual(
    items.map(({ id, exam, points, negative, total }) => [id, exam, points, negative, total]),
    [
      ['Mock 2024 Paper 1 1', 'Mock 2024 Paper 1', 3, 1, 10],
      ['Mock 2024 Paper 1 2', 'Mock 2024 Paper 1', 4, 2, 10],
      ['Mock 2024 Paper 1 3', 'Mock 2024 Paper 1', 3, 0, 10],
      ['Mock 2024 Paper 2 1', 'Mock 2024 Paper 2', 3, 0, 3],
    ],
  )
})

test('course_exam_bench: the total of an exam is the sum of its points', async () => {
  const { items, warnings } = await itemsOf('course-exam-bench.jsonl')
  assert.deepEqual(
    items.map(({ id, exam, section, points, total }) => [id, exam, section, points, total]),
    [
      ['1', 'systems_midterm', 'SingleChoice', 6, 10],
      ['2', 'systems_midterm', 'ShortAnswerQuestion', 4, 10],
      ['3', 'systems_final', 'ShortAnswerQuestion', 10, 10],
    ],
  )
  assert.deepEqual(warnings, [])
})

test('GSM8K and MATH: the final number, or the last box; the solution is the working', async () => {
  const [pens, train] = (await itemsOf('gsm8k.jsonl')).items
  assert.deepEqual([pens?.answer, train?.answer], ['30', '28,800'])
  assert.equal(pens?.working, 'Ann has 3 * 12 = 36 pens.\nAfter giving 6 away she has 36 - 6 = 30 pens.')
  const [fraction, equation] = (await itemsOf('math.jsonl')).items
  assert.deepEqual([fraction?.answer, equation?.answer], ['\\frac{2}{3}', '3'])
  assert.deepEqual([fraction?.section, equation?.section], ['Prealgebra', 'Algebra'])
  const [square] = (await itemsOf('math-500.jsonl')).items
  assert.deepEqual([square?.answer, square?.section, square?.id], ['49', 'Prealgebra', 'test/prealgebra/1.json'])
})

test('prompt data of other trainers: messages stay messages, every question is worth 1 of 100', async () => {
  const trl = (await itemsOf('trl.jsonl')).items
  assert.deepEqual(
    trl.map(({ answer }) => answer),
    ['72', 'Oslo'],
  )
  assert.deepEqual(trl[0]?.prompt, [{ role: 'user', content: 'What is 9 times 8?' }])
  const verl = (await itemsOf('verl.jsonl')).items
  assert.deepEqual(
    verl.map(({ answer, section }) => [answer, section]),
    [
      ['42', 'own/sums'],
      ['Santiago', 'own/capitals'],
    ],
  )
  const gym = (await itemsOf('reasoning-gym.jsonl')).items
  assert.deepEqual(
    gym.map(({ answer, section }) => [answer, section]),
    [
      ['42', 'basic_arithmetic'],
      ['3', 'letter_counting'],
    ],
  )
  for (const { points, total } of [...trl, ...verl, ...gym]) assert.deepEqual([points, total], [1, 100])
})

test('docs/forms.md is what the forms say', () => {
  assert.equal(
    readFileSync('docs/forms.md', 'utf8'),
    formsPage(),
    'docs/forms.md is out of date: npm run build && node dist/scripts/config-docs.js',
  )
})
