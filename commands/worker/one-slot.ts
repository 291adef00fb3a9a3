/**
 * The slot of a policy worker: one activity at a time, from whichever of its queues it comes. The SDK asks for a slot before it polls a
 * queue, so a slot that only one queue can have would leave the others unasked for the minute of a poll. Here every queue is polled
 * while the worker is idle, and none while it computes; what an open poll then still brings is given back (`mayTake`).
 *
 * After an activity of an experiment that goes on, the worker is held for it for a moment: only its separate queue is polled, since
 * another experiment would make it lose the place where its policy is loaded.
 */
import type { ActivitySlotInfo, CustomSlotSupplier } from '@temporalio/worker'

/** Longer than the activities without the policy that come between two with it, unless a judge is asked. (ms) */
const holdMs = 3_000

export class OneSlot {
  readonly #own: string
  readonly #now: () => number
  /** Activities that were taken. Two only until the second one is given back. */
  #taken = 0
  #heldUntil = 0
  readonly #waiting = new Set<() => void>()

  /** `own`: the queue for experiments that stay here. `now`: milliseconds of a clock that only goes forward. */
  constructor(own: string, now: () => number = () => performance.now()) {
    this.#own = own
    this.#now = now
  }

  /** Whether an activity of this queue may begin, if none is under way. */
  mayTake(queue: string): boolean {
    return queue === this.#own || this.#now() >= this.#heldUntil
  }

  /** From the end of the activity that is under way. */
  hold(): void {
    this.#heldUntil = this.#now() + holdMs
    setTimeout(() => this.#wake(), holdMs + 1).unref()
  }

  /** Ends a hold: any queue may have the worker when it is idle. */
  release(): void {
    this.#heldUntil = 0
  }

  /** For the poller of a queue, which has one poll open at most. */
  supplierFor(queue: string): CustomSlotSupplier<ActivitySlotInfo> {
    let given = false
    return {
      type: 'custom',
      reserveSlot: async (_, signal) => {
        while (given || this.#taken > 0 || !this.mayTake(queue)) await this.#change(signal)
        given = true
        return { taken: false }
      },
      // For activities that come with the end of a workflow task; a policy worker has no workflows.
      tryReserveSlot: () => null,
      markSlotUsed: ({ permit }) => {
        Object.assign(permit, { taken: true })
        this.#taken += 1
      },
      releaseSlot: ({ permit }) => {
        given = false
        if ('taken' in permit && permit.taken === true) this.#taken -= 1
        this.#wake()
      },
    }
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  /** Rejects with the signal's reason, as the SDK asks for. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((settle, reject) => {
      const end = (act: () => void) => () => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', abort)
        act()
      }
      const wake = end(settle)
      const abort = end(() => reject(signal.reason))
      this.#waiting.add(wake)
      signal.addEventListener('abort', abort)
      if (signal.aborted) abort()
    })
  }
}
