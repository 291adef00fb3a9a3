/** Waiting until a started process is of use, and saying why it never was. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessRecord } from '../../activities/machine/services-record.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { isAlive, outputOf } from './processes.js'

export interface WaitOptions {
  /** As the reader calls it: "the Temporal server". */
  name: string
  record: ProcessRecord
  /** Asked until it gives true; what it throws is kept as the reason. */
  isReady: () => Promise<boolean>
  /** Milliseconds. */
  timeoutMs: number
  interval?: number
}

/** The process ended before it was ready; tried again with other ports, this may pass. */
export class EndedEarly extends RlevError {}

/**
 * @throws EndedEarly when the process ends before it is ready.
 * @throws RlevError ServiceUnavailable when it is not ready within `timeoutMs`.
 */
export async function waitUntilReady(options: WaitOptions): Promise<void> {
  const { name, record, isReady, timeoutMs, interval = 100 } = options
  const end = performance.now() + timeoutMs
  const { log } = record
  let reason: unknown
  for (;;) {
    try {
      if (await isReady()) return
    } catch (error) {
      // Refused connections are what a server gives while it starts.
      reason = error
    }
    const tail = outputOf(record).trim().split('\n').slice(-8).join('\n            ')
    if (!isAlive(record)) {
      throw new EndedEarly({
        kind: 'ServiceUnavailable',
        message: `${name} ended before it was ready`,
        place: log,
        expected: `${name} to come up`,
        found: `its last lines: ${tail || '(nothing written)'}`,
        remedy: 'the log has the rest; `bin/rlev doctor` shows the state of each part',
      })
    }
    if (performance.now() > end) {
      throw new RlevError({
        kind: 'ServiceUnavailable',
        message: `${name} did not answer within ${Math.round(timeoutMs / 1000)} s`,
        place: log,
        expected: `${name} to come up`,
        found: reason instanceof Error ? reason.message : tail,
        remedy: 'look into the log; `bin/rlev down` ends what was started, `bin/rlev up` tries again',
        ...given({ cause: reason }),
      })
    }
    await sleep(interval)
  }
}
