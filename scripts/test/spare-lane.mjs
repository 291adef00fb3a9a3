/**
 * Batches beside the lanes, while the machine has time to spare: tests with services wait for servers, timeouts and heartbeats for half
 * of their time. On a machine that is busy with other work none is added.
 */

import { cpus, freemem } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** A batch is added if this share of the time of all cores was idle in the window. */
const idleShare = 0.25
const windowMs = 2000
/** A batch with services takes half of it. */
const neededBytes = 4 * 2 ** 30

/**
 * Starts batches until `next` gives none, and settles with the last of them.
 *
 * @template Batch
 * @param {{
 *   next: () => Batch | undefined, hasMore: () => boolean, run: (batch: Batch) => Promise<void>, maxAtOnce: number,
 *   hasRoom?: () => Promise<boolean>,
 * }} options `next` takes a batch, `hasMore` only looks. `hasRoom` is asked once a window, so that a batch has begun to compute before the
 *   next one is added.
 */
export async function fillSpareTime({ next, hasMore, run, maxAtOnce, hasRoom = isIdle }) {
  const running = new Set()
  while (hasMore()) {
    const room = await hasRoom()
    if (!room || running.size >= maxAtOnce) continue
    const batch = next()
    if (batch === undefined) break
    const done = run(batch).finally(() => running.delete(done))
    running.add(done)
  }
  await Promise.all(running)
}

async function isIdle() {
  const before = coreTimes()
  await sleep(windowMs)
  const now = coreTimes()
  return now.idle - before.idle >= idleShare * (now.all - before.all) && freemem() >= neededBytes
}

function coreTimes() {
  const times = cpus().map(core => core.times)
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0)
  return { all, idle: times.reduce((sum, { idle }) => sum + idle, 0) }
}
