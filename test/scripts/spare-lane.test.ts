/** Batches are added beside the lanes while the machine is idle, and not more at once than allowed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

const { fillSpareTime } = (await import(new URL('../../../scripts/test/spare-lane.mjs', import.meta.url).href)) as {
  fillSpareTime: (options: {
    next: () => number | undefined
    hasMore: () => boolean
    run: (batch: number) => Promise<void>
    maxAtOnce: number
    hasRoom: () => Promise<boolean>
  }) => Promise<void>
}

/** Looks at a machine that is idle as `idle` says, one look after the other; a batch lasts `looks` of them. */
async function filled(idle: readonly boolean[], { batches, looks }: { batches: number; looks: number }) {
  const waiting = Array.from({ length: batches }, (_, number) => number)
  const begun: [batch: number, look: number][] = []
  const running: { left: number; end: () => void }[] = []
  let look = 0
  let most = 0
  await fillSpareTime({
    next: () => waiting.shift(),
    hasMore: () => waiting.length > 0 && look < idle.length,
    run: batch => {
      begun.push([batch, look])
      return new Promise(end => {
        running.push({ left: looks, end })
        most = Math.max(most, running.length)
        // Nobody looks any more.
        if (waiting.length === 0 || look >= idle.length) for (const one of running) one.end()
      })
    },
    maxAtOnce: 2,
    hasRoom: async () => {
      for (const one of running) one.left--
      for (const one of running.filter(({ left }) => left <= 0)) one.end()
      running.splice(0, running.length, ...running.filter(({ left }) => left > 0))
      await new Promise(settle => setImmediate(settle))
      return idle[look++] ?? false
    },
  })
  return { begun, most, left: waiting.length }
}

test('a batch is added at each look at an idle machine, and none at a busy one', async () => {
  const { begun, left } = await filled([false, true, false, false, true, true], { batches: 5, looks: 1 })
  assert.deepEqual(begun, [
    [0, 2],
    [1, 5],
    [2, 6],
  ])
  assert.equal(left, 2)
})

test('no more run at once than allowed, however idle the machine is', async () => {
  const { begun, most } = await filled(Array(9).fill(true), { batches: 4, looks: 3 })
  assert.equal(most, 2)
  assert.deepEqual(
    begun.map(([batch]) => batch),
    [0, 1, 2, 3],
  )
})

test('it ends with the last batch that it began', async () => {
  let ended = false
  const run = async () => {
    await new Promise(settle => setTimeout(settle, 30))
    ended = true
  }
  const waiting = [1]
  const of = { next: () => waiting.shift(), hasMore: () => waiting.length > 0, run, maxAtOnce: 1 }
  await fillSpareTime({ ...of, hasRoom: async () => true })
  assert.ok(ended)
})
