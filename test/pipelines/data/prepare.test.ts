import assert from 'node:assert/strict'
import { test } from 'node:test'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import { dataDigest, prepareData } from '../../../pipelines/data/prepare.js'

const { data } = experimentSchema.parse({ name: 'data' })

test('the default data are a hundred papers of v7 and 400 test items of each section', () => {
  const { train, test: tested, skipped } = prepareData(data, { seed: 1 })
  assert.deepEqual([train.length, tested.length, skipped.length], [2000, 1600, 0])
})

test('the digest of a data set is that of its items: the same for the same seed, another for another', () => {
  const digestOf = (seed: number) => dataDigest(prepareData(data, { seed }))
  assert.equal(digestOf(1), digestOf(1))
  assert.notEqual(digestOf(1), digestOf(2))
  const copy = prepareData(data, { seed: 1 })
  assert.equal(dataDigest({ train: JSON.parse(JSON.stringify(copy.train)), test: copy.test }), digestOf(1))
})
