/** Places of a sweep over its batches, with messages that come at any time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { divide, held, type Share, surplus } from '../../../workflows/batches/places.js'

test('the first batch gets as many places as it can use, the next the rest', () => {
  const batch = (open: number): Share => ({ granted: 0, returned: 0, limit: 0, open })
  const { batches, left } = divide(7, [batch(3), batch(2)])
  assert.deepEqual(
    batches.map(({ granted, limit }) => [granted, limit]),
    [
      [3, 3],
      [2, 2],
    ],
  )
  assert.equal(left, 2)
})

test('fewer places than before are given back by the last batch first, and lent to no other before', () => {
  const full: Share = { granted: 4, returned: 0, limit: 4, open: 10 }
  const { batches, left } = divide(3, [full, { ...full, granted: 2, limit: 2 }])
  assert.deepEqual(
    batches.map(share => [held(share), share.limit]),
    [
      [4, 3],
      [2, 0],
    ],
  )
  assert.equal(left, 0)
})

const lent = (batches: readonly Batch[]) => batches.reduce((sum, { known }) => sum + held(known), 0)

/** One batch of the simulation, as it is and as the sweep knows it. */
class Batch {
  granted = 0
  limit = 0
  returned = 0
  waiting: number
  training = 0
  known: Share
  readonly toBatch: { granted: number; limit: number }[] = []
  readonly toSweep: { returned: number; open: number }[] = []

  constructor(cells: number) {
    this.waiting = cells
    this.known = { granted: 0, returned: 0, limit: 0, open: cells }
  }

  get open() {
    return this.waiting + this.training
  }

  act(): void {
    while (this.waiting > 0 && this.training < Math.min(this.granted - this.returned, this.limit)) {
      this.waiting--
      this.training++
    }
    const { granted, limit, returned, open, training } = this
    this.returned += surplus({ granted, limit, returned, open, training })
    const last = this.toSweep.at(-1) ?? this.known
    if (last.returned !== this.returned || last.open !== open) this.toSweep.push({ returned: this.returned, open })
  }
}

test('never more experiments run than there are places, and all come to their turn', () => {
  const change = fc.record({
    kind: fc.constantFrom('end', 'to batch', 'to sweep', 'concurrency'),
    at: fc.nat(50),
    to: fc.integer({ min: 1, max: 6 }),
  })
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 6 }),
      fc.array(change, { maxLength: 80 }),
      (sizes, places, changes) => {
        let concurrency = places
        const batches = sizes.map(cells => new Batch(cells))
        const steer = () => {
          const { batches: shares } = divide(
            concurrency,
            batches.map(({ known }) => known),
          )
          for (const [index, share] of shares.entries()) {
            const batch = batches[index] as Batch
            if (share.granted !== batch.known.granted || share.limit !== batch.known.limit) batch.toBatch.push(share)
            batch.known = share
          }
        }
        const step = (kind: string, at: number, to: number) => {
          const batch = batches[at % batches.length] as Batch
          const before = lent(batches)
          const message = kind === 'to batch' ? batch.toBatch.shift() : undefined
          if (kind === 'end' && batch.training > 0) batch.training--
          if (message !== undefined) Object.assign(batch, { granted: message.granted, limit: message.limit })
          if (kind === 'to sweep') batch.known = { ...batch.known, ...batch.toSweep.shift() }
          if (kind === 'concurrency') concurrency = to
          batch.act()
          steer()
          // A place that was lent just before there were fewer may still be taken.
          assert.ok(lent(batches) <= Math.max(concurrency, before))
          for (const { training, known } of batches) assert.ok(training <= held(known))
        }
        steer()
        for (const { kind, at, to } of changes) step(kind, at, to)
        for (let round = 0; round < 200; round++)
          for (let at = 0; at < batches.length; at++)
            for (const kind of ['to batch', 'end', 'to sweep']) step(kind, at, 1)
        assert.deepEqual(
          batches.map(({ open }) => open),
          batches.map(() => 0),
        )
      },
    ),
  )
})
