import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Marker } from '../../../activities/verifiers/marker.js'
import { type ExperimentConfig, experimentSchema } from '../../../pipelines/config/schema.js'
import type { DataSet, Item } from '../../../pipelines/data/item.js'
import { RlevError } from '../../../pipelines/errors.js'
import type { MarkResponses } from '../../../pipelines/rewards/marking.js'
import { verifyThemselves, withReadableReferences } from '../../../pipelines/rewards/references.js'

const { reward } = experimentSchema.parse({ name: 'references', reward: { verifier: 'numeric' } })

const marker = new Marker()
after(() => marker.end())
const mark: MarkResponses = (responses, rules) => marker.mark(responses, rules)

const item = (id: string, answer: string): Item => ({
  id,
  exam: id,
  section: '',
  prompt: 'p',
  answer,
  points: 1,
  total: 10,
  weight: 1,
})

const dataset: DataSet = {
  train: [item('a', '3'), item('b', '3, -3'), item('c', '(3,4]')],
  test: [item('d', '18 cm'), item('e', 'x - 3z = 0')],
  skipped: [],
  warnings: [],
}

function config(onBadRow: 'stop' | 'skip', judge?: 'everything' | 'evaluation'): ExperimentConfig {
  const data = { source: 'file', train: 'exam.jsonl', onBadRow }
  const given = { data, reward, ...(judge === undefined ? {} : { judge: { decides: judge } }) }
  return given as unknown as ExperimentConfig
}

test('a reference verifies against itself if its verifier can read it, wherever responses have their answer', async () => {
  const reads = (answers: readonly string[], changes: Partial<ExperimentConfig['reward']> = {}) =>
    verifyThemselves(
      answers.map((answer, index) => item(String(index), answer)),
      { ...reward, ...changes },
      mark,
    )
  assert.deepEqual(await reads(['18 cm', '3, -3']), [true, false])
  assert.deepEqual(await reads(['(A), (C)', 'seven'], { verifier: 'choice' }), [true, false])
  assert.deepEqual(await reads([' '], { verifier: 'exact' }), [false])
})

test('references that no response could match stop the run, with their number, examples and the verifier that reads them', async () => {
  await assert.rejects(withReadableReferences(dataset, config('stop'), mark), (error: unknown) => {
    assert.ok(error instanceof RlevError)
    assert.equal(error.kind, 'DataInvalid')
    assert.match(error.message, /^exam\.jsonl: 3 of 5 references cannot be read by the verifier numeric/)
    assert.match(error.message, /b: "3, -3"\n +c: "\(3,4\]"\n +e: "x - 3z = 0"/)
    assert.match(error.message, /set reward\.verifier: exact or math, which reads all of them/)
    return true
  })
})

test('they are left out and counted if bad rows are skipped', async () => {
  const { train, test: tested, skipped, warnings } = await withReadableReferences(dataset, config('skip'), mark)
  assert.deepEqual([train.map(({ id }) => id), tested.map(({ id }) => id)], [['a'], ['d']])
  assert.deepEqual(
    skipped.map(({ place }) => place),
    ['item b ("3, -3")', 'item c ("(3,4]")', 'item e ("x - 3z = 0")'],
  )
  assert.equal(new Set(skipped.map(({ reason }) => reason)).size, 1)
  assert.deepEqual(warnings, [
    {
      place: 'exam.jsonl',
      reason:
        '3 of 5 references cannot be read by the verifier numeric and are left out; exact or math reads all of them: b: "3, -3"; c: "(3,4]"; e: "x - 3z = 0"',
    },
  ])
})

test('each file counts the references that were not read in it', async () => {
  const file = { path: 'exam.jsonl', rows: 5, bad: 0, form: 'plain', mapping: {} }
  const one = await withReadableReferences({ ...dataset, reading: [file] }, config('skip'), mark)
  assert.deepEqual(
    one.reading?.map(({ unread }) => unread),
    [3],
  )
  const { data, ...rest } = config('skip')
  const apart = { ...rest, data: { ...data, test: 'test.jsonl' } } as ExperimentConfig
  const two = await withReadableReferences({ ...dataset, reading: [file, file] }, apart, mark)
  assert.deepEqual(
    two.reading?.map(({ unread }) => unread),
    [2, 1],
  )
})

test('skipping stops too if no training or no test item would be left', async () => {
  for (const empty of ['train', 'test'] as const) {
    const none = { ...dataset, [empty]: [item('x', '3, -3')] }
    await assert.rejects(
      withReadableReferences(none, config('skip'), mark),
      /cannot be read by the verifier numeric/,
      empty,
    )
  }
})

test('what a judge decides on needs no verifier', async () => {
  assert.equal(await withReadableReferences(dataset, config('stop', 'everything'), mark), dataset)
  const { train, test: tested } = await withReadableReferences(dataset, config('skip', 'evaluation'), mark)
  assert.deepEqual([train.length, tested.length], [1, 2])
})
