/**
 * Loopback ports. A port is drawn below the range that systems lend to outgoing connections (32768 and up on Linux), so
 * that a remembered one is rarely taken when the home comes up again.
 */

import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { RlevError } from '../../pipelines/errors.js'

const lowest = 20_000
const highest = 32_000

export function portIsFree(port: number): Promise<boolean> {
  return new Promise(settle => {
    const server = createServer()
    server.once('error', () => settle(false))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => settle(true)))
  })
}

/**
 * The remembered port where it is free, else another free one.
 * @param taken ports that are given out already, though nobody may listen on them yet
 * @param timeoutMs milliseconds to wait for the remembered port: a killed server's threads may hold it for a moment longer
 * @throws RlevError ServiceUnavailable when a hundred draws were all taken.
 */
export async function claimPort(
  remembered?: number,
  taken: readonly number[] = [],
  { timeoutMs = 0 }: { timeoutMs?: number } = {},
): Promise<number> {
  if (remembered !== undefined && !taken.includes(remembered)) {
    const end = performance.now() + timeoutMs
    do {
      if (await portIsFree(remembered)) return remembered
      await sleep(50)
    } while (performance.now() < end)
  }
  for (let draw = 0; draw < 100; draw++) {
    const port = randomInt(lowest, highest)
    if (!taken.includes(port) && (await portIsFree(port))) return port
  }
  throw new RlevError({
    kind: 'ServiceUnavailable',
    message: 'no free port on the loopback address',
    place: '127.0.0.1',
    expected: `a free port from ${lowest} to ${highest}`,
    found: '100 draws, all taken or refused',
    remedy: 'look whether this machine lets a process listen on 127.0.0.1',
  })
}
