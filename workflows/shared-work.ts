/** Work in parts, of which many are under way at the same time, on any workers. */
import { CancellationScope } from '@temporalio/workflow'
import { endedByCancellation } from './cancellation.js'

/** As many workers can have a part at the same time. Others' activities on the same queue do not wait behind all parts of one. */
const maxPending = 64

/**
 * Begins the parts in order, and ends when each of them has ended. If one fails, the others are cancelled and its error is thrown; a
 * cancellation reaches all of them.
 */
export async function shareOut<Part>(parts: readonly Part[], make: (part: Part) => Promise<void>): Promise<void> {
  const waiting = [...parts]
  const scope = new CancellationScope()
  async function oneAfterAnother(): Promise<void> {
    try {
      for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) await make(part)
    } catch (error) {
      scope.cancel()
      throw error
    }
  }
  const lines = Math.min(maxPending, parts.length)
  const ends = await scope.run(() => Promise.allSettled(Array.from({ length: lines }, oneAfterAnother)))
  const errors = ends.flatMap(end => (end.status === 'rejected' ? [end.reason as unknown] : []))
  if (errors.length > 0) throw errors.find(error => !endedByCancellation(error)) ?? errors[0]
}
