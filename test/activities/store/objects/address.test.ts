import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { storeAddress } from '../../../../activities/store/objects/address.js'

describe('the address of the store', () => {
  const read = (text: string) => storeAddress({ RLEV_STORE: text })

  it('is a bucket with or without a prefix, or nothing', () => {
    assert.deepEqual(read('s3://experiments/team/a'), { bucket: 'experiments', prefix: 'team/a' })
    assert.deepEqual(read('s3://experiments/'), { bucket: 'experiments', prefix: '' })
    assert.equal(read(' '), undefined)
    assert.equal(storeAddress({}), undefined)
  })

  it('is refused with a login, another protocol, dots or a query', () => {
    for (const text of ['s3://key:secret@bucket/a', 'https://bucket', 's3://b', 's3://bucket/../c', 's3://bucket?x=1'])
      assert.throws(() => read(text), { kind: 'CallInvalid', message: /s3:\/\/BUCKET/ })
  })
})
