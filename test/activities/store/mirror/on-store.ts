/** Machines that share a store and nothing else: each has its own home, which begins empty. For tests. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { type Workplace, workplace } from '../../../../activities/workplace.js'
import { bucket, Gateway, useGateway } from '../objects/gateway.js'

/** For the tests of one `describe`. */
export function machinesOnStore() {
  const homes: string[] = []
  let gateway: Gateway
  before(async () => {
    gateway = await Gateway.start()
  })
  after(async () => {
    await gateway.stop()
    for (const home of homes) rmSync(home, { recursive: true, force: true })
  })

  function machine(): Workplace {
    const home = mkdtempSync(join(tmpdir(), 'rlev-machine-'))
    homes.push(home)
    return workplace(home)
  }

  async function withStore<Result>(prefix: string, work: () => Promise<Result>): Promise<Result> {
    const back = useGateway(gateway.port, { RLEV_STORE: `s3://${bucket}/${prefix}` })
    try {
      return await work()
    } finally {
      back()
    }
  }

  return { machine, withStore, folder: () => gateway.folder, port: () => gateway.port }
}
