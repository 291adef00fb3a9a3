import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { checkStore } from '../../../commands/services/object-store.js'
import { RlevError } from '../../../pipelines/errors.js'
import { bucket, FaultyGateway, Gateway, useGateway, whyNoGateway } from '../../activities/store/objects/gateway.js'

describe('the test of the store', { skip: whyNoGateway() }, () => {
  let gateway: Gateway
  before(async () => {
    gateway = await Gateway.start()
  })
  after(() => gateway.stop())

  it('gives the address of a store that keeps its conditions', async () => {
    const back = useGateway(gateway.port, { RLEV_STORE: `s3://${bucket}/some/prefix` })
    assert.equal(await checkStore(), `s3://${bucket}/some/prefix`)
    back()
  })

  it('does nothing without an address', async () => {
    assert.equal(await checkStore(), undefined)
  })

  it('refuses one that writes over what is there', async () => {
    const proxy = await FaultyGateway.before(gateway, ({ method, path }) => {
      if (method === 'PUT') rmSync(join(gateway.folder, path), { force: true })
      return 'none'
    })
    const back = useGateway(proxy.port, { RLEV_STORE: `s3://${bucket}/unconditional` })
    await assert.rejects(
      checkStore(),
      error => error instanceof RlevError && error.kind === 'CallInvalid' && /If-None-Match/.test(error.message),
    )
    back()
    await proxy.stop()
  })

  it('names one that does not answer', async () => {
    const proxy = await FaultyGateway.before(gateway, () => 'cut')
    const back = useGateway(proxy.port, { RLEV_STORE: `s3://${bucket}/away` })
    await assert.rejects(checkStore(), error => error instanceof RlevError && error.kind === 'ServiceUnavailable')
    back()
    await proxy.stop()
  })
})
