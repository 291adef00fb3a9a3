import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import type { DataSet, Item } from '../../../pipelines/data/item.js'
import { RlevError } from '../../../pipelines/errors.js'
import { verifiesItself, withReadableReferences } from '../../../pipelines/rewards/references.js'
import type { VerifierConfig } from '../../../pipelines/rewards/verify.js'

const numeric: VerifierConfig = {
  verifier: 'numeric',
  tolerance: 1e-6,
  absoluteTolerance: 0,
  partial: 'none',
  wrongCredit: 0,
  units: 'convert',
  answer: 'after-hash',
}

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
  const given = { data, reward: numeric, ...(judge === undefined ? {} : { judge: { decides: judge } }) }
  return given as unknown as ExperimentConfig
}

test('a reference verifies against itself if its verifier can read it, wherever responses have their answer', () => {
  assert.ok(verifiesItself({ answer: '18 cm' }, numeric))
  assert.ok(!verifiesItself({ answer: '3, -3' }, numeric))
  assert.ok(verifiesItself({ answer: '(A), (C)' }, { ...numeric, verifier: 'choice' }))
  assert.ok(!verifiesItself({ answer: 'seven' }, { ...numeric, verifier: 'choice' }))
  assert.ok(!verifiesItself({ answer: ' ' }, { ...numeric, verifier: 'exact' }))
})

test('references that no response could match stop the run, with their number, examples and the verifier that reads them', () => {
  assert.throws(
    () => withReadableReferences(dataset, config('stop')),
    (error: unknown) => {
      assert.ok(error instanceof RlevError)
      assert.equal(error.kind, 'DataInvalid')
      assert.match(error.message, /^exam\.jsonl: 3 of 5 references cannot be read by the verifier numeric/)
      assert.match(error.message, /b: "3, -3"\n +c: "\(3,4\]"\n +e: "x - 3z = 0"/)
      assert.match(error.message, /set reward\.verifier: exact, which reads all of them/)
      return true
    },
  )
})

test('they are left out and counted if bad rows are skipped', () => {
  const { train, test: tested, skipped } = withReadableReferences(dataset, config('skip'))
  assert.deepEqual([train.map(({ id }) => id), tested.map(({ id }) => id)], [['a'], ['d']])
  assert.deepEqual(
    skipped.map(({ place }) => place),
    ['item b', 'item c', 'item e'],
  )
})

test('skipping stops too if no training or no test item would be left', () => {
  for (const empty of ['train', 'test'] as const) {
    const none = { ...dataset, [empty]: [item('x', '3, -3')] }
    assert.throws(() => withReadableReferences(none, config('skip')), /cannot be read by the verifier numeric/, empty)
  }
})

test('what a judge decides on needs no verifier', () => {
  assert.equal(withReadableReferences(dataset, config('stop', 'everything')), dataset)
  const { train, test: tested } = withReadableReferences(dataset, config('skip', 'evaluation'))
  assert.deepEqual([train.length, tested.length], [1, 2])
})
