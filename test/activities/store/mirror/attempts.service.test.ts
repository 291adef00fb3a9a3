/** Attempts of one activity on machines that share a store: what an earlier one pushes late does not count. */
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { FenceLost } from '../../../../activities/store/fence.js'
import { runFolder, stepName } from '../../../../activities/store/runs/run-folder.js'
import type { Workplace } from '../../../../activities/workplace.js'
import { whyNoGateway } from '../objects/gateway.js'
import { machinesOnStore } from './on-store.js'

describe('attempts on machines that share a store', { skip: whyNoGateway() }, () => {
  const { machine, withStore } = machinesOnStore()
  const id = 'shared'

  it('keep what a later attempt made here from a push that outlived its attempt', async () => {
    await withStore('outlived', async () => {
      const [here, other] = [machine(), machine()]
      const mirror = here.mirror ?? assert.fail()
      const id = 'outlived'
      const write = ({ home }: Workplace, kind: string, text: string) => {
        const folder = join(runFolder(home, id), kind)
        mkdirSync(folder, { recursive: true })
        writeFileSync(join(folder, `${stepName(1)}.json`), text)
      }
      const kinds = ['rollouts', 'records', 'metrics']
      const attempt = (number: number) => ({ run: 'one', activity: 1, attempt: number })

      // The network of this machine is cut while it pushes the first entry.
      const { objects } = await mirror.parts()
      const put = objects.putIfAbsent.bind(objects)
      const network = new EventEmitter()
      const [asked, back] = [once(network, 'asked'), once(network, 'back')]
      objects.putIfAbsent = async (...call) => {
        if (call[0].includes('rollouts')) {
          network.emit('asked')
          await back
        }
        return put(...call)
      }
      await mirror.take(id, attempt(1))
      for (const kind of kinds) write(here, kind, 'of here')
      const outlived = mirror.push(id, { fenced: true })
      await asked
      objects.putIfAbsent = put

      await other.mirror?.take(id, attempt(2))
      write(other, 'rollouts', 'of the other machine')
      await other.mirror?.push(id, { fenced: true })

      await mirror.take(id, attempt(3))
      const pulled = mirror.pull(id, { toReplay: true })
      await Promise.race([pulled, sleep(500)])
      for (const kind of kinds) write(here, kind, 'of here')
      network.emit('back')
      await assert.rejects(outlived, FenceLost)
      await pulled
      for (const kind of kinds) assert.ok(existsSync(join(runFolder(here.home, id), kind, `${stepName(1)}.json`)), kind)
    })
  })

  it('let only the later attempt commit', async () => {
    await withStore('fence', async () => {
      const [early, late] = [machine(), machine()].map(place => place.mirror ?? assert.fail())
      const attempt = { run: 'one', activity: 3, attempt: 1 }
      await early?.take(id, attempt)
      await late?.take(id, { ...attempt, attempt: 2 })
      await assert.rejects(async () => early?.push(id, { fenced: true }), FenceLost)
      await assert.rejects(async () => early?.take(id, attempt), FenceLost)
      await late?.push(id, { fenced: true })
      await Promise.allSettled([4, 5, 6].map(activity => late?.take(id, { ...attempt, activity })))
      await assert.rejects(async () => early?.take(id, { ...attempt, activity: 5 }), FenceLost)
    })
  })
})
