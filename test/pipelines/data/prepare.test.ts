import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import { prepareData } from '../../../pipelines/data/prepare.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-prepare-'))
after(() => rmSync(folder, { recursive: true }))

const { data } = experimentSchema.parse({ name: 'data' })

test('the default data are a hundred papers of v7 and 400 test items of each section', async () => {
  const { train, test: tested, skipped } = await prepareData(data, { seed: 1 })
  assert.deepEqual([train.length, tested.length, skipped.length], [2000, 1600, 0])
})

test('the same seed gives the same items, another seed others', async () => {
  assert.deepEqual(await prepareData(data, { seed: 1 }), await prepareData(data, { seed: 1 }))
  assert.notDeepEqual((await prepareData(data, { seed: 1 })).train, (await prepareData(data, { seed: 2 })).train)
})

test('without a test item it is told why rows were left out, and of how many exams the others are', async () => {
  const write = (name: string, rows: object[]) => {
    const path = join(folder, name)
    writeFileSync(path, rows.map(row => JSON.stringify(row)).join('\n'))
    return path
  }
  const row = (exam: string, parts: object = {}) => ({ prompt: 'p', answer: '1', points: 1, total: 2, exam, ...parts })
  const fileData = (parts: object) => experimentSchema.parse({ name: 'data', data: { source: 'file', ...parts } }).data
  const train = write('train.jsonl', [row('a'), row('a', { answer: '' }), row('a', { points: 3 })])
  await assert.rejects(
    prepareData(fileData({ train, onBadRow: 'skip' }), { seed: 1 }),
    /there are no test items[\s\S]*of 1 exam, which is not divided; 2 rows skipped:\n +\S+ row 2: no answer[^\n]*\n +\S+ row 3: the points/,
  )
  const test = write('test.jsonl', [row('a', { id: 'x' })])
  await assert.rejects(
    prepareData(fileData({ train, test, onBadRow: 'skip' }), { seed: 1 }),
    /there are no test items[\s\S]*test\.jsonl row 1: its exam a is in the training file too/,
  )
})
