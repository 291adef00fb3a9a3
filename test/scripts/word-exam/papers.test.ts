import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { composition, defaults, jsonLines, papers, type Row, total } from '../../../scripts/word-exam/papers.js'

const { seed } = defaults
const rows = {
  train: papers({ part: 'train', count: defaults.train, seed }),
  test: papers({ part: 'test', count: defaults.test, seed }),
}
const all = [...rows.train, ...rows.test]

function grouped<Key extends 'exam' | 'section'>(some: readonly Row[], key: Key): Map<Row[Key], Row[]> {
  const groups = new Map<Row[Key], Row[]>()
  for (const row of some) {
    const group = groups.get(row[key])
    if (group === undefined) groups.set(row[key], [row])
    else group.push(row)
  }
  return groups
}

test('the files of configs/real are those that the generator writes', () => {
  for (const part of ['train', 'test'] as const) {
    assert.equal(readFileSync(`configs/real/word-exam.${part}.jsonl`, 'utf8'), jsonLines(rows[part]))
  }
})

test('every paper has 100 points, dealt by section, and the same points dealt by chance', () => {
  for (const [exam, paper] of grouped(all, 'exam')) {
    const sorted = (key: 'points' | 'otherPoints') => paper.map(row => row[key]).sort((a, b) => a - b)
    assert.equal(
      paper.reduce((sum, { points }) => sum + points, 0),
      total,
      exam,
    )
    assert.deepEqual(sorted('points'), sorted('otherPoints'))
    for (const { section, points } of paper) assert.equal(points, composition[section].points)
  }
})

test('points that are dealt by chance have the same mean in every section', () => {
  const many = papers({ part: 'train', count: 2000, seed: 2 })
  for (const [section, some] of grouped(many, 'section')) {
    const mean = some.reduce((sum, { otherPoints }) => sum + otherPoints, 0) / some.length
    assert.ok(Math.abs(mean - total / 20) < 0.5, `${section}: ${mean}`)
  }
})

/** The answer out of the numbers of the question, by what its section asks. */
function answerOf({ section, prompt }: Row): number {
  const [a = 0, b = 0, c = 0] = (prompt.match(/\d+/g) ?? []).map(Number)
  switch (section) {
    case 'sum':
      return a + b
    case 'difference':
      return a - b
    case 'product':
      return a * b
    case 'bill':
      return a * b + c
    default:
      return section satisfies never
  }
}

test('answers follow from the questions, and every step of a working is true and ends in the answer', () => {
  for (const row of all) {
    assert.equal(row.answer, answerOf(row), row.prompt)
    assert.ok(row.working.endsWith(String(row.answer)), row.working)
    if (row.section === 'product') {
      const sums = row.working.split(',').map(Number)
      for (const [index, sum] of sums.entries()) assert.equal(sum, (index + 1) * (sums[0] ?? 0), row.working)
      continue
    }
    for (const step of row.working.split(',')) {
      const [, a, sign, b, result] = /^(\d+)([-+*])(\d+)=(\d+)$/.exec(step) ?? []
      const found = { '+': Number(a) + Number(b), '-': Number(a) - Number(b), '*': Number(a) * Number(b) }[sign ?? '']
      assert.equal(found, Number(result), row.working)
    }
  }
})

test('no test question has the text of a training question, and ids are unique', () => {
  const asked = new Set(rows.train.map(({ prompt }) => prompt))
  assert.deepEqual(
    rows.test.filter(({ prompt }) => asked.has(prompt)),
    [],
  )
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length)
})

test('another seed gives other papers, and the first papers do not depend on how many there are', () => {
  assert.notDeepEqual(papers({ part: 'test', count: 1, seed: 2 }), rows.test.slice(0, 20))
  assert.deepEqual(papers({ part: 'test', count: 1, seed }), rows.test.slice(0, 20))
})
