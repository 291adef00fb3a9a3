/** A store that takes long: an attempt that waits for it says that it lives. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ioActivities } from '../../../../activities/io-activities.js'
import { tinyConfig } from '../../../workflows/tiny.js'
import { environment, runStage } from '../../driver.js'
import { FaultyGateway, useGateway, whyNoGateway } from '../objects/gateway.js'
import { machinesOnStore } from './on-store.js'

describe('a store that takes long', { skip: whyNoGateway() }, () => {
  const { machine, withStore, port } = machinesOnStore()

  it('does not keep a stage from its heartbeats, before and after its work', async () => {
    const config = tinyConfig('patient', {})
    const run = config.name
    await withStore('patient', async () => {
      await runStage(ioActivities(machine()).freezeRun, { experiment: { id: run, config } })
      const proxy = await FaultyGateway.before({ port: port() }, () => ({ delayMs: 1_500 }))
      const back = useGateway(proxy.port)
      try {
        const mock = environment()
        const beats = [performance.now()]
        mock.on('heartbeat', () => beats.push(performance.now()))
        await runStage(ioActivities(machine()).prepareData, { run }, mock)
        beats.push(performance.now())
        const gaps = beats.slice(1).map((at, index) => at - (beats[index] ?? 0))
        assert.ok((beats.at(-1) ?? 0) - (beats[0] ?? 0) > 4_500, 'the store was not slow')
        // One a second; the rest is for a busy machine.
        assert.ok(Math.max(...gaps) < 2_900, `${Math.max(...gaps)} ms without a heartbeat`)
      } finally {
        back()
        await proxy.stop()
      }
    })
  })
})
