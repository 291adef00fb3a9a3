/** The slot that several queues of one policy worker share. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ActivitySlotInfo, SlotPermit } from '@temporalio/worker'
import { OneSlot } from '../../../commands/worker/one-slot.js'

const slotInfo: ActivitySlotInfo = { type: 'activity', activityType: 'rollOut' }

/** A slot of the queues `own` and `shared`, whose clock the test sets. */
function slots() {
  const clock = { now: 0 }
  const slot = new OneSlot('own', () => clock.now)
  const poller = (queue: string) => {
    const supplier = slot.supplierFor(queue)
    const permits: SlotPermit[] = []
    const aborting = new AbortController()
    const ask = () => {
      const context = { slotType: 'activity', taskQueue: queue, workerIdentity: '', workerBuildId: '', isSticky: false }
      const asked = supplier.reserveSlot(context as Parameters<typeof supplier.reserveSlot>[0], aborting.signal)
      return asked.then(permit => permits.push(permit))
    }
    return { supplier, permits, ask, abort: () => aborting.abort(new Error('no longer needed')) }
  }
  return { clock, slot, own: poller('own'), shared: poller('shared') }
}

const soon = () => sleep(5)

describe('the slot of a policy worker', () => {
  it('lets every queue be polled while it is idle, by one poll each', async () => {
    const { own, shared } = slots()
    await Promise.all([own.ask(), shared.ask()])
    void own.ask()
    await soon()
    assert.deepEqual([own.permits.length, shared.permits.length], [1, 1])
  })

  it('lets none be polled while an activity is under way, and all after it', async () => {
    const { own, shared } = slots()
    await own.ask()
    const [permit] = own.permits as [SlotPermit]
    own.supplier.markSlotUsed({ slotInfo, permit })
    const waits = shared.ask()
    await soon()
    assert.equal(shared.permits.length, 0)
    own.supplier.releaseSlot({ slotInfo, permit })
    await waits
    await own.ask()
    assert.deepEqual([own.permits.length, shared.permits.length], [2, 1])
  })

  it('is held for the experiment that goes on: only its queue is polled, and only it may begin', async () => {
    const { clock, slot, own, shared } = slots()
    slot.hold()
    void shared.ask()
    await own.ask()
    await soon()
    assert.deepEqual([own.permits.length, shared.permits.length], [1, 0])
    assert.deepEqual([slot.mayTake('own'), slot.mayTake('shared')], [true, false])
    clock.now = 3_000
    assert.equal(slot.mayTake('shared'), true)
    const [permit] = own.permits as [SlotPermit]
    own.supplier.releaseSlot({ permit })
    await soon()
    assert.equal(shared.permits.length, 1)
  })

  it('is held no longer when the experiment says that it does not come back', async () => {
    const { slot, own, shared } = slots()
    slot.hold()
    await own.ask()
    const [permit] = own.permits as [SlotPermit]
    own.supplier.markSlotUsed({ slotInfo, permit })
    void shared.ask()
    slot.release()
    await soon()
    assert.deepEqual([shared.permits.length, slot.mayTake('shared')], [0, true])
    own.supplier.releaseSlot({ slotInfo, permit })
    await soon()
    assert.equal(shared.permits.length, 1)
  })

  it('lets go of a poll that is no longer needed', async () => {
    const { slot, shared } = slots()
    slot.hold()
    const asked = shared.ask()
    shared.abort()
    await assert.rejects(asked, /no longer needed/)
  })
})
