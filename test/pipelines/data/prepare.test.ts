import assert from 'node:assert/strict'
import { test } from 'node:test'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import { prepareData } from '../../../pipelines/data/prepare.js'

const { data } = experimentSchema.parse({ name: 'data' })

test('the default data are a hundred papers of v7 and 400 test items of each section', async () => {
  const { train, test: tested, skipped } = await prepareData(data, { seed: 1 })
  assert.deepEqual([train.length, tested.length, skipped.length], [2000, 1600, 0])
})

test('the same seed gives the same items, another seed others', async () => {
  assert.deepEqual(await prepareData(data, { seed: 1 }), await prepareData(data, { seed: 1 }))
  assert.notDeepEqual((await prepareData(data, { seed: 1 })).train, (await prepareData(data, { seed: 2 })).train)
})
