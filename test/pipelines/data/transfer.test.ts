import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type ExperimentConfig, experimentSchema } from '../../../pipelines/config/schema.js'
import { alphabetOf } from '../../../pipelines/data/alphabet.js'
import { prepareData } from '../../../pipelines/data/prepare.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-transfer-'))
after(() => rmSync(folder, { recursive: true }))

async function prepared(transfer: Record<string, unknown>) {
  const config: ExperimentConfig = experimentSchema.parse({
    name: 'transfer',
    data: { source: 'synthetic', exam: 'pl', trainPapers: 2, testItemsPerSection: 5 },
    evaluation: { transfer },
  })
  const dataset = await prepareData(config.data, { seed: 1, transfer: config.evaluation.transfer })
  return { config, dataset, sets: dataset.transfer ?? {} }
}

test('a further set is a separate exam: its sections, as many items of each as it says, right answers, values of its paper', async () => {
  const { sets } = await prepared({ sections: { exam: 'other', testItemsPerSection: 30 }, long: { exam: 'long' } })
  assert.deepEqual(Object.keys(sets), ['sections', 'long'])
  const { sections = [], long = [] } = sets
  assert.equal(sections.length, 60)
  assert.deepEqual([...new Set(sections.map(item => item.section))], ['mul1', 'uneven'])
  assert.equal(long.length, 200)
  for (const item of [...sections, ...long]) {
    const [, left, operator, right] = /^(\d+)([+*])(\d+)=$/.exec(String(item.prompt)) ?? []
    const [a, b] = [Number(left), Number(right)]
    assert.equal(item.answer, String(operator === '+' ? a + b : a * b), String(item.prompt))
    if (item.section === 'add4') assert.ok(a > 999 && b > 999)
    if (item.section === 'uneven') assert.ok(a > 99 && b < 10)
  }
  const points = sections.reduce((sum, item) => sum + item.weight * item.points, 0)
  assert.ok(Math.abs(points - (sections[0]?.total ?? 0)) < 1e-9)
})

test('training and test items do not depend on the further sets', async () => {
  const [plain, more] = [await prepared({}), await prepared({ long: { exam: 'long' } })]
  assert.deepEqual(more.dataset.train, plain.dataset.train)
  assert.deepEqual(more.dataset.test, plain.dataset.test)
})

test('a policy made from scratch has a token for every character of them, after those of its own exam', async () => {
  const { config, dataset, sets } = await prepared({
    language: { exam: 'pl', style: 'chinese', testItemsPerSection: 20 },
  })
  const { data } = config
  const own = alphabetOf({ data, dataset: { train: dataset.train, test: dataset.test } })
  const all = alphabetOf({ data, dataset })
  assert.deepEqual(all.slice(0, own.length), own)
  assert.equal(new Set(all).size, all.length)
  for (const { prompt } of sets['language'] ?? []) {
    for (const character of String(prompt)) assert.ok(all.includes(character), character)
  }
})

test('every row of a file is an item; a row that is not an item ends the run by its place, and an empty file too', async () => {
  const path = join(folder, 'set.jsonl')
  const row = { prompt: 'How many?', answer: '3', points: 2, total: 10, exam: 'a' }
  writeFileSync(path, `${JSON.stringify(row)}\n${JSON.stringify({ ...row, exam: 'b' })}\n`)
  const { sets } = await prepared({ file: { file: path } })
  assert.deepEqual(
    (sets['file'] ?? []).map(({ answer, points, total }) => [answer, points, total]),
    [
      ['3', 2, 10],
      ['3', 2, 10],
    ],
  )
  writeFileSync(path, `${JSON.stringify({ ...row, points: 0 })}\n`)
  await assert.rejects(prepared({ file: { file: path } }), /set\.jsonl/)
  writeFileSync(path, '')
  await assert.rejects(prepared({ file: { file: path } }), /no items in the test set file|no rows|empty/)
})
